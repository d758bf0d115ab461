//! Why an artifact is refused.

use crate::storage::StorageError;

/// Nothing has changed when an operation fails with one of these.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    #[error("an artifact with this name already exists on the workflow run")]
    Exists,
    #[error("artifact not found")]
    NotFound,
    #[error("{0}")]
    Invalid(String),
    #[error("the artifact has not been uploaded completely")]
    NotUploaded,
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<sqlx::Error> for ArtifactError {
    fn from(error: sqlx::Error) -> Self {
        Self::Storage(error.into())
    }
}
