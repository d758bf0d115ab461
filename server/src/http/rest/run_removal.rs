//! Runs and logs go.

use axum::extract::State;
use axum::http::StatusCode;

use super::runs::{self, RunPath};
use crate::App;
use crate::http::error::ApiError;
use crate::http::extract::{ApiPath, Repo};
use crate::runs::DeleteError;

/// `DELETE .../actions/runs/{run}`.
pub(crate) async fn delete_run(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<RunPath>,
) -> Result<StatusCode, ApiError> {
    let run = runs::find(&app, &repository, path).await?;
    crate::runs::delete(&app, run.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE .../actions/runs/{run}/logs`.
pub(crate) async fn delete_logs(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<RunPath>,
) -> Result<StatusCode, ApiError> {
    let run = runs::find(&app, &repository, path).await?;
    crate::runs::delete_logs(&app, run.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<DeleteError> for ApiError {
    fn from(error: DeleteError) -> Self {
        match error {
            DeleteError::NotFound => Self::not_found(),
            DeleteError::NotCompleted => Self::conflict(
                "Could not delete the workflow run: it is not completed. Cancel it first.",
            ),
            DeleteError::Other(cause) => cause.into(),
        }
    }
}
