//! Why a repository gave no answer.

use super::git::GitError;
use crate::github::GitHubError;

#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    GitHub(GitHubError),
    #[error("{what} is not in the repository `{repository}`")]
    Missing { what: String, repository: String },
}

impl SourceError {
    /// The repository answered, and does not have what was asked for.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Git(GitError::Missing { .. }) | Self::Missing { .. })
    }
}
