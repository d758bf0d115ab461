//! Why a blob cannot be written or read.

use std::error::Error as _;
use std::io::ErrorKind;

/// Nothing has changed when an operation fails with one of these.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    #[error("there is no such blob")]
    NotFound,
    /// It was committed, or nobody wants it any more.
    #[error("this blob takes no more blocks")]
    Closed,
    #[error("the block `{0}` was not uploaded")]
    MissingBlock(String),
    #[error("the block `{0}` is listed twice")]
    RepeatedBlock(String),
    #[error("the upload broke off: {received} of {expected} bytes came")]
    Incomplete { expected: u64, received: u64 },
    #[error("the upload broke off")]
    BrokenOff,
    #[error("the disk of the server is full")]
    Full,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl From<object_store::Error> for StorageError {
    fn from(error: object_store::Error) -> Self {
        match is_full(&error) {
            true => Self::Full,
            false => Self::Other(error.into()),
        }
    }
}

/// Looks for the reason at the bottom: the store wraps it in errors of its own.
fn is_full(error: &object_store::Error) -> bool {
    let mut source = error.source();
    while let Some(error) = source {
        let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        if matches!(kind, Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded)) {
            return true;
        }
        source = error.source();
    }
    false
}
