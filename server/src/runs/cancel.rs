//! Somebody wants a run to stop.

use gantry_protocol::RunId;

use super::queries;
use crate::App;
use crate::background::Topic;

/// Why a run is not cancelled.
#[derive(Debug, thiserror::Error)]
pub enum CancelError {
    #[error("there is no such run")]
    NotFound,
    #[error("the run is completed already")]
    AlreadyCompleted,
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl From<sqlx::Error> for CancelError {
    fn from(error: sqlx::Error) -> Self {
        Self::Other(error.into())
    }
}

/// Records the wish with its reason; `advance` carries it out. A second wish changes nothing.
pub async fn cancel(app: &App, run: RunId, reason: &str) -> Result<(), CancelError> {
    ask(app, run, (reason, false)).await
}

/// As [`cancel`], and nothing goes on, whatever `if` says and whatever runners do.
pub async fn force_cancel(app: &App, run: RunId, reason: &str) -> Result<(), CancelError> {
    ask(app, run, (reason, true)).await
}

async fn ask(app: &App, run: RunId, wish: (&str, bool)) -> Result<(), CancelError> {
    let mut connection = app.db.acquire().await?;
    match queries::request_cancel(&mut connection, run, wish).await? {
        None => Err(CancelError::NotFound),
        Some(false) => Err(CancelError::AlreadyCompleted),
        Some(true) => {
            app.wakeups.wake(Topic::Runs);
            Ok(())
        }
    }
}
