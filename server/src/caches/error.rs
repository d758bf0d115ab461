//! Why a cache entry is refused.

use crate::storage::StorageError;

/// Nothing has changed when an operation fails with one of these.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// Somebody else has it or is uploading it; for clients no reason to fail.
    #[error("a cache with this key exists already, or another job is creating it")]
    Exists,
    /// Clients look for the first three words.
    #[error("cache write denied: the event of this run may not write caches of `{0}`")]
    WriteDenied(String),
    #[error("there is no such reservation of this job")]
    NotReserved,
    #[error("{0}")]
    Invalid(String),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<sqlx::Error> for CacheError {
    fn from(error: sqlx::Error) -> Self {
        Self::Storage(error.into())
    }
}
