//! What an event would start.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::http::error::ApiError;
use crate::http::extract::{ApiQuery, Repo};
use crate::triggers::{PreviewRequest, PreviewedFile, preview};

/// The event; the ref is the default branch unless it is given.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct PreviewQuery {
    event: String,
    r#ref: Option<String>,
    activity: Option<String>,
}

/// `GET /api/gantry/repositories/{owner}/{repo}/preview`.
pub(crate) async fn get(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiQuery(query): ApiQuery<PreviewQuery>,
) -> Result<Json<Value>, ApiError> {
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let request = PreviewRequest {
        event: query.event,
        git_ref: given(query.r#ref).unwrap_or_else(|| repository.default_branch.clone()),
        activity: given(query.activity),
    };
    let (sha, files) = preview(&app, &repository, &request).await?;
    let files: Vec<_> = files.iter().map(file_json).collect();
    Ok(Json(json!({ "sha": sha, "files": files })))
}

fn file_json(file: &PreviewedFile) -> Value {
    let jobs: Vec<_> =
        file.jobs.iter().map(|job| json!({ "id": job.id, "needs": job.needs })).collect();
    json!({
        "path": file.path,
        "name": file.name,
        "starts": file.reason.is_none(),
        "reason": file.reason,
        "jobs": jobs,
    })
}
