//! A workflow file of any repository that is known here, for whoever calls it.
//!
//! Invariant: a ref is resolved once per question; the answer names the commit.

use gantry_workflow::plan::{FetchError, FetchedFile, FileRequest};

use super::{Source, SourceError};
use crate::App;
use crate::repositories;

/// Why a question has no answer now; it may have one later.
#[derive(Debug, thiserror::Error)]
pub enum CalledFileError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// The file that a caller asks for, or why there is none.
pub async fn called_file(
    app: &App,
    request: &FileRequest,
) -> Result<Result<FetchedFile, FetchError>, CalledFileError> {
    let (owner, name) = request.repository.split_once('/').unwrap_or_default();
    let mut db = app.db.acquire().await?;
    let found = repositories::find_by_full_name(&mut db, owner, name).await?;
    drop(db);
    let Some(repository) = found else {
        return Ok(Err(FetchError::NotFound));
    };
    let mut source = Source::open(app, &repository)?;
    let Some((git_ref, sha)) = source.find(&request.git_ref).await? else {
        return Ok(Err(FetchError::NoSuchRef));
    };
    Ok(match source.workflow_file(&sha, &request.path).await? {
        None => Err(FetchError::NotFound),
        Some(Err(reason)) => Err(FetchError::Unreadable(reason)),
        Some(Ok(text)) => Ok(FetchedFile { git_ref, sha, text }),
    })
}
