//! Runs: create, advance, cancel, conclude.

pub mod view;
pub mod workflow_view;

use gantry_protocol::RunId;

use crate::App;

#[derive(Debug, thiserror::Error)]
pub enum CancelError {
    #[error("there is no such run")]
    NotFound,
    #[error("Cannot cancel a workflow run that is completed.")]
    AlreadyCompleted,
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

pub async fn cancel(app: &App, run: RunId, reason: &str) -> Result<(), CancelError> {
    let _ = (app, run, reason);
    Err(CancelError::NotFound)
}
