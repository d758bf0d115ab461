//! A finished run goes, with its jobs, logs and reviews.
//!
//! Does not touch its delivery, so that a redelivery starts nothing anew. Invariant: the log objects
//! go first; a crash in between leaves a run whose deletion can be repeated.

use anyhow::Context as _;
use gantry_protocol::RunId;

use super::queries;
use crate::background::Topic;
use crate::{App, artifacts, jobs, logs};

/// Why a run, or its logs, stay.
#[derive(Debug, thiserror::Error)]
pub enum DeleteError {
    #[error("there is no such run")]
    NotFound,
    #[error("the run is not completed")]
    NotCompleted,
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl From<sqlx::Error> for DeleteError {
    fn from(error: sqlx::Error) -> Self {
        Self::Other(error.into())
    }
}

/// Deletes a run and everything that belongs to it.
pub async fn delete(app: &App, run: RunId) -> Result<(), DeleteError> {
    delete_logs(app, run).await?;
    let mut connection = app.db.acquire().await?;
    artifacts::delete_of_run(&mut connection, run).await?;
    queries::delete(&mut connection, run).await.with_context(|| format!("deleting run {run}"))?;
    app.wakeups.wake(Topic::Events);
    tracing::info!(run.id = run.0, "run deleted");
    Ok(())
}

/// Deletes the logs of all attempts of a run.
pub async fn delete_logs(app: &App, run: RunId) -> Result<(), DeleteError> {
    let mut connection = app.db.acquire().await?;
    match queries::is_completed(&mut connection, run).await? {
        None => return Err(DeleteError::NotFound),
        Some(false) => return Err(DeleteError::NotCompleted),
        Some(true) => {}
    }
    let jobs = jobs::view::ids_of_run(&mut connection, run).await?;
    logs::delete(&mut connection, app.storage.as_ref(), &jobs)
        .await
        .with_context(|| format!("deleting the logs of run {run}"))?;
    tracing::info!(run.id = run.0, "logs of the run deleted");
    Ok(())
}
