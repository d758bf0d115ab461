//! How long things took. Nothing is billed: the runners are the team's own.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::runs::{self, RunPath};
use super::workflows::{WorkflowPath, find_or_404};
use crate::App;
use crate::http::error::ApiError;
use crate::http::extract::{ApiPath, Repo};

/// `GET .../actions/runs/{run}/timing`.
pub(crate) async fn of_run(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<RunPath>,
) -> Result<Json<Value>, ApiError> {
    let run = runs::find(&app, &repository, path).await?;
    let mut body = json!({ "billable": {} });
    // GitHub leaves it out as long as the run goes on.
    if let Some(completed_at) = run.completed_at {
        body["run_duration_ms"] = json!((completed_at - run.run_started_at).num_milliseconds());
    }
    Ok(Json(body))
}

/// `GET .../actions/workflows/{workflow}/timing`.
pub(crate) async fn of_workflow(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<WorkflowPath>,
) -> Result<Json<Value>, ApiError> {
    find_or_404(&app, &repository, &path).await?;
    Ok(Json(json!({ "billable": {} })))
}
