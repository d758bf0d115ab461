//! Somebody wants a run to stop.

use gantry_protocol::RunId;

use super::queries;
use crate::App;
use crate::background::Topic;

/// Why a run is not cancelled.
#[derive(Debug, thiserror::Error)]
pub enum CancelError {
    #[error("there is no run {0}")]
    NotFound(RunId),
    #[error("run {0} is completed already")]
    AlreadyCompleted(RunId),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Records the wish with its reason; `advance` carries it out. A second wish changes nothing.
pub async fn cancel(app: &App, run: RunId, reason: &str) -> Result<(), CancelError> {
    let mut connection = app.db.acquire().await?;
    match queries::request_cancel(&mut connection, run, reason).await? {
        None => Err(CancelError::NotFound(run)),
        Some(false) => Err(CancelError::AlreadyCompleted(run)),
        Some(true) => {
            app.wakeups.wake(Topic::Runs);
            Ok(())
        }
    }
}
