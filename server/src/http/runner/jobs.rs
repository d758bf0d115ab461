//! A runner's calls about jobs.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use gantry_protocol::log::MAX_CHUNK_BYTES;
use gantry_protocol::step::MAX_STEP_UPDATES;
use gantry_protocol::summary::MAX_SUMMARY_BYTES;
use gantry_protocol::{
    CompleteJob, JobId, LeaseRequest, LeaseToken, LogChunks, RenewRequest, RenewResponse,
    StepSummary, StepUpdates,
};

use super::caller::Caller;
use crate::http::ApiError;
use crate::http::extract::{ApiJson, ApiPath};
use crate::jobs::{self, JobCall};
use crate::{App, runs};

/// `POST /runner/v1/lease`
pub(in crate::http) async fn lease(
    State(app): State<App>,
    Caller(runner): Caller,
    ApiJson(request): ApiJson<LeaseRequest>,
) -> Result<Response, ApiError> {
    Ok(match runs::lease_job(&app, &runner, &request).await? {
        Some(message) => Json(message).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

/// `POST /runner/v1/jobs/{job}/renew`
pub(in crate::http) async fn renew(
    State(app): State<App>,
    caller: Caller,
    ApiPath(job): ApiPath<i64>,
    ApiJson(request): ApiJson<RenewRequest>,
) -> Result<Json<RenewResponse>, ApiError> {
    let response = jobs::renew(&app, call(&caller, job, request.lease), &request).await?;
    Ok(Json(response))
}

/// `PUT /runner/v1/jobs/{job}/steps`
pub(in crate::http) async fn update_steps(
    State(app): State<App>,
    caller: Caller,
    ApiPath(job): ApiPath<i64>,
    ApiJson(StepUpdates { lease, updates }): ApiJson<StepUpdates>,
) -> Result<StatusCode, ApiError> {
    if updates.len() > MAX_STEP_UPDATES {
        return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too many steps at once"));
    }
    jobs::update_steps(&app, call(&caller, job, lease), &updates).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /runner/v1/jobs/{job}/log`
pub(in crate::http) async fn append_log(
    State(app): State<App>,
    caller: Caller,
    ApiPath(job): ApiPath<i64>,
    ApiJson(LogChunks { lease, chunks }): ApiJson<LogChunks>,
) -> Result<StatusCode, ApiError> {
    let n_bytes: usize = chunks.iter().map(|chunk| chunk.text.len()).sum();
    if n_bytes > 4 * MAX_CHUNK_BYTES {
        return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "the chunks are too large"));
    }
    jobs::append_log(&app, call(&caller, job, lease), &chunks).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /runner/v1/jobs/{job}/summary`
pub(in crate::http) async fn store_summary(
    State(app): State<App>,
    caller: Caller,
    ApiPath(job): ApiPath<i64>,
    ApiJson(summary): ApiJson<StepSummary>,
) -> Result<StatusCode, ApiError> {
    if summary.markdown.len() > MAX_SUMMARY_BYTES {
        return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "the summary is too large"));
    }
    jobs::store_summary(&app, call(&caller, job, summary.lease), &summary).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /runner/v1/jobs/{job}/complete`
pub(in crate::http) async fn complete(
    State(app): State<App>,
    caller: Caller,
    ApiPath(job): ApiPath<i64>,
    ApiJson(completion): ApiJson<CompleteJob>,
) -> Result<StatusCode, ApiError> {
    jobs::complete(&app, call(&caller, job, completion.lease), &completion).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn call(caller: &Caller, job: i64, lease: LeaseToken) -> JobCall {
    JobCall { job: JobId(job), runner: caller.0.id, lease }
}
