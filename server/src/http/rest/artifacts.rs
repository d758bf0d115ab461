//! Artifacts in GitHub's shape. None are kept yet, so every list is empty.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::runs::{self, RunPath};
use crate::App;
use crate::http::error::ApiError;
use crate::http::extract::{ApiPath, Repo};

/// `GET .../actions/runs/{run}/artifacts`.
pub(crate) async fn list_of_run(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<RunPath>,
) -> Result<Json<Value>, ApiError> {
    runs::find(&app, &repository, path).await?;
    Ok(Json(json!({ "total_count": 0, "artifacts": [] })))
}
