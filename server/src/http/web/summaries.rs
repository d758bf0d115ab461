//! What the steps of a job say about themselves.

use axum::Json;
use axum::extract::State;
use gantry_protocol::JobId;
use serde_json::{Value, json};

use crate::App;
use crate::http::error::ApiError;
use crate::http::extract::ApiPath;
use crate::jobs;
use crate::jobs::view::find_job;

/// `GET /api/gantry/jobs/{job}/summaries`: Markdown as the steps wrote it, secrets masked. Whoever
/// renders it decides what of it is shown.
pub(crate) async fn get(
    State(app): State<App>,
    ApiPath(job): ApiPath<i64>,
) -> Result<Json<Value>, ApiError> {
    let mut db = app.db.acquire().await?;
    let job = find_job(&mut db, JobId(job)).await?.ok_or_else(ApiError::not_found)?;
    let summaries = jobs::summaries(&mut db, job.id).await?;
    let summaries: Vec<_> = summaries
        .iter()
        .map(|summary| json!({ "step_number": summary.step_number, "markdown": summary.markdown }))
        .collect();
    Ok(Json(json!({ "summaries": summaries })))
}
