//! Runners with what they do, and the queue with why each job waits.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use gantry_protocol::RunnerId;
use serde_json::{Value, json};

use crate::App;
use crate::http::error::ApiError;
use crate::http::extract::ApiPath;
use crate::http::guard::Account;
use crate::jobs::workload::{OpenJob, queued_jobs, running_jobs};
use crate::runners::{RunnerView, list_runners, set_draining};

/// `GET /api/gantry/runners`.
pub(crate) async fn list(State(app): State<App>) -> Result<Json<Value>, ApiError> {
    let mut db = app.db.acquire().await?;
    let runners = list_runners(&mut db).await?;
    let jobs = running_jobs(&mut db).await?;
    let runners: Vec<_> = runners.iter().map(|runner| runner_json(runner, &jobs)).collect();
    Ok(Json(json!({ "runners": runners })))
}

/// `GET /api/gantry/queue`.
pub(crate) async fn queue(State(app): State<App>) -> Result<Json<Value>, ApiError> {
    let mut db = app.db.acquire().await?;
    let jobs = queued_jobs(&mut db).await?;
    let jobs: Vec<_> = jobs.iter().map(job_json).collect();
    Ok(Json(json!({ "jobs": jobs })))
}

/// `PUT /api/gantry/runners/{runner}/drain`: it is given nothing else from now on.
pub(crate) async fn drain(
    State(app): State<App>,
    Account(account): Account,
    ApiPath(runner): ApiPath<i64>,
) -> Result<StatusCode, ApiError> {
    set(&app, (&account.login, RunnerId(runner)), true).await
}

/// `DELETE /api/gantry/runners/{runner}/drain`: it is given jobs again.
pub(crate) async fn resume(
    State(app): State<App>,
    Account(account): Account,
    ApiPath(runner): ApiPath<i64>,
) -> Result<StatusCode, ApiError> {
    set(&app, (&account.login, RunnerId(runner)), false).await
}

async fn set(
    app: &App,
    (login, runner): (&str, RunnerId),
    is_draining: bool,
) -> Result<StatusCode, ApiError> {
    let mut db = app.db.acquire().await?;
    if !set_draining(&mut db, runner, is_draining).await? {
        return Err(ApiError::not_found());
    }
    tracing::info!(runner.id = runner.0, is_draining, login, "changed what a runner may take");
    app.wakeups.wake(crate::background::Topic::Queue);
    Ok(StatusCode::NO_CONTENT)
}

fn runner_json(runner: &RunnerView, jobs: &[OpenJob]) -> Value {
    let own: Vec<_> =
        jobs.iter().filter(|job| job.runner_id == Some(runner.id)).map(job_json).collect();
    let labels: Vec<_> = runner.labels.iter().chain(&runner.custom_labels).collect();
    json!({
        "id": runner.id,
        "name": runner.name,
        "labels": labels,
        "version": runner.version,
        "is_online": runner.is_online,
        "is_draining": runner.is_draining,
        "last_seen_at": runner.last_seen_at,
        "created_at": runner.created_at,
        "jobs": own,
    })
}

fn job_json(job: &OpenJob) -> Value {
    json!({
        "id": job.id,
        "name": job.name,
        "run_id": job.run_id,
        "run_title": job.run_title,
        "repository": job.repository,
        "runs_on": job.runs_on,
        "reason": job.reason,
        "queued_at": job.queued_at,
        "started_at": job.started_at,
    })
}
