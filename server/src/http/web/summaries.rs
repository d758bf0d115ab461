//! What the steps of a job say about themselves.

use axum::Json;
use axum::extract::State;
use gantry_protocol::{JobId, RunId};
use serde_json::{Value, json};

use crate::App;
use crate::http::error::ApiError;
use crate::http::extract::ApiPath;
use crate::http::rest::runs::RunPath;
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

/// `GET /api/gantry/runs/{run}/attempts/{attempt}/summaries`: those of all jobs of the attempt, in
/// the order of the jobs and their steps.
pub(crate) async fn of_run(
    State(app): State<App>,
    ApiPath(path): ApiPath<RunPath>,
) -> Result<Json<Value>, ApiError> {
    let mut db = app.db.acquire().await?;
    let attempt = path.attempt.unwrap_or_default();
    let summaries = jobs::summaries_of_run(&mut db, RunId(path.run), attempt).await?;
    let summaries: Vec<_> = summaries
        .iter()
        .map(|it| {
            json!({
                "job_id": it.job_id,
                "step_number": it.step_number,
                "markdown": it.markdown,
            })
        })
        .collect();
    Ok(Json(json!({ "summaries": summaries })))
}
