//! A workflow file of any repository that is known here, for whoever calls it.
//!
//! Invariant: a ref is resolved once per question; the answer names the commit.

use gantry_workflow::plan::{FetchError, FetchedFile, FileRequest};
use sqlx::PgConnection;

use super::commit::{is_object_id, resolve_within};
use super::{GitError, Objects};
use crate::repositories;

/// Why a question has no answer now; it may have one later.
#[derive(Debug, thiserror::Error)]
pub enum CalledFileError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// The file that a caller asks for, or why there is none.
pub async fn called_file(
    db: &mut PgConnection,
    request: &FileRequest,
) -> Result<Result<FetchedFile, FetchError>, CalledFileError> {
    let (owner, name) = request.repository.split_once('/').unwrap_or_default();
    let Some(repository) = repositories::find_by_full_name(db, owner, name).await? else {
        return Ok(Err(FetchError::NotFound));
    };
    let mut objects = Objects::open(&repository.local_path)?;
    let Some((git_ref, sha)) = commit(&mut objects, &request.git_ref).await? else {
        return Ok(Err(FetchError::NoSuchRef));
    };
    Ok(match objects.workflow_file(&sha, &request.path).await? {
        None => Err(FetchError::NotFound),
        Some(Err(reason)) => Err(FetchError::Unreadable(reason)),
        Some(Ok(text)) => Ok(FetchedFile { git_ref, sha, text }),
    })
}

/// The full ref and the commit of a branch, a tag or a full commit id.
async fn commit(objects: &mut Objects, name: &str) -> Result<Option<(String, String)>, GitError> {
    if is_object_id(name) {
        return match objects.commit_id(name).await {
            Ok(sha) => Ok(Some((name.to_owned(), sha))),
            Err(GitError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        };
    }
    resolve_within(objects, name).await
}
