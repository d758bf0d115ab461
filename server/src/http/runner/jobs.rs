//! A runner's calls about jobs.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use gantry_protocol::log::MAX_CHUNK_BYTES;
use gantry_protocol::{
    CompleteJob, JobId, LeaseRequest, LeaseToken, LogChunk, RenewRequest, RenewResponse, StepUpdate,
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

/// `PUT /runner/v1/jobs/{job}/steps/{number}`
pub(in crate::http) async fn update_step(
    State(app): State<App>,
    caller: Caller,
    ApiPath((job, number)): ApiPath<(i64, u32)>,
    ApiJson(update): ApiJson<StepUpdate>,
) -> Result<StatusCode, ApiError> {
    if update.number != number {
        return Err(ApiError::bad_request("the path and the body name different steps"));
    }
    jobs::update_step(&app, call(&caller, job, update.lease), &update).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /runner/v1/jobs/{job}/log/{sequence}`
pub(in crate::http) async fn append_log(
    State(app): State<App>,
    caller: Caller,
    ApiPath((job, sequence)): ApiPath<(i64, u64)>,
    ApiJson(chunk): ApiJson<LogChunk>,
) -> Result<StatusCode, ApiError> {
    if chunk.sequence != sequence {
        return Err(ApiError::bad_request("the path and the body name different chunks"));
    }
    if chunk.text.len() > 4 * MAX_CHUNK_BYTES {
        return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "the chunk is too large"));
    }
    jobs::append_log(&app, call(&caller, job, chunk.lease), &chunk).await?;
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
