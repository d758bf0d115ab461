//! Jobs and their steps in GitHub's shape.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use gantry_protocol::{JobId, RunId};
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::downloads;
use super::paging::Page;
use super::repositories::node_id;
use super::runs::{self, RunPath};
use crate::App;
use crate::http::error::ApiError;
use crate::http::extract::{ApiPath, Repo};
use crate::http::links::Links;
use crate::jobs::view::{self, JobView, StepView};
use crate::repositories::Repository;
use crate::runs::view::{RunView, find_run};

/// `GET .../actions/runs/{run}/jobs` and `.../attempts/{attempt}/jobs`.
pub(crate) async fn list(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<RunPath>,
    (links, page): (Links, Page),
) -> Result<Response, ApiError> {
    let run = runs::find(&app, &repository, path).await?;
    let mut db = app.db.acquire().await?;
    let (jobs, steps) = visible_jobs(&mut db, &run).await?;
    let total = i64::try_from(jobs.len()).unwrap_or(i64::MAX);
    let jobs: Vec<_> = page
        .cut(jobs)
        .iter()
        .map(|job| job_json(&links, &run, job, steps.get(&job.id).map_or(&[], Vec::as_slice)))
        .collect();
    Ok(page.answer(total, Json(json!({ "total_count": total, "jobs": jobs }))))
}

/// `GET .../actions/jobs/{job}`.
pub(crate) async fn get(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<JobPath>,
    links: Links,
) -> Result<Json<Value>, ApiError> {
    let (run, job) = find(&app, &repository, JobId(path.job)).await?;
    let mut db = app.db.acquire().await?;
    let steps = view::steps_of_jobs(&mut db, &[job.id]).await?;
    let steps = steps.get(&job.id).map_or(&[][..], Vec::as_slice);
    Ok(Json(job_json(&links, &run, &job, steps)))
}

/// `GET .../actions/jobs/{job}/logs`: a redirect to the text. A job that ended without a line, or
/// whose log was deleted, has none.
pub(crate) async fn log(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<JobPath>,
    links: Links,
) -> Result<Response, ApiError> {
    let (_, job) = find(&app, &repository, JobId(path.job)).await?;
    let mut db = app.db.acquire().await?;
    if job.status == "completed" && !crate::logs::exist(&mut db, &[job.id]).await? {
        return Err(ApiError::not_found());
    }
    Ok(downloads::redirect(&app, &links, &downloads::path_of_log(job.id)))
}

/// `{job}` of a path.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct JobPath {
    pub(crate) job: i64,
}

/// The job of this repository, and its run.
pub(crate) async fn find(
    app: &App,
    repository: &Repository,
    job: JobId,
) -> Result<(RunView, JobView), ApiError> {
    let mut db = app.db.acquire().await?;
    let job = view::find_job(&mut db, job)
        .await?
        .filter(|job| job.status != "blocked")
        .ok_or_else(ApiError::not_found)?;
    let run = find_run(&mut db, RunId(job.run_id.0))
        .await?
        .filter(|run| run.repository_id == repository.id)
        .ok_or_else(ApiError::not_found)?;
    Ok((run, job))
}

/// The jobs that exist for GitHub, which creates a job when its needs are met, and their steps.
pub(crate) async fn visible_jobs(
    db: &mut PgConnection,
    run: &RunView,
) -> Result<(Vec<JobView>, BTreeMap<JobId, Vec<StepView>>), ApiError> {
    let mut jobs = view::jobs_of_run(db, run.id, run.run_attempt).await?;
    jobs.retain(|job| job.status != "blocked");
    let ids: Vec<_> = jobs.iter().map(|job| job.id).collect();
    let steps = view::steps_of_jobs(db, &ids).await?;
    Ok((jobs, steps))
}

fn job_json(links: &Links, run: &RunView, job: &JobView, steps: &[StepView]) -> Value {
    let api = links.repository(&run.owner, &run.repository);
    json!({
        "id": job.id,
        "run_id": job.run_id,
        "run_url": format!("{api}/actions/runs/{}", job.run_id),
        "run_attempt": job.run_attempt,
        "node_id": node_id("CR", job.id.0),
        "head_branch": run.head_branch,
        "head_sha": run.head_sha,
        "workflow_name": run.workflow_name,
        "url": format!("{api}/actions/jobs/{}", job.id),
        "html_url": format!(
            "{}/{}/{}/actions/runs/{}/job/{}",
            links.pages, run.owner, run.repository, job.run_id, job.id
        ),
        "status": job.status,
        "conclusion": job.conclusion,
        "created_at": job.created_at,
        // GitHub gives a job that has not started its time of creation.
        "started_at": job.started_at.unwrap_or(job.created_at),
        "completed_at": job.completed_at,
        "name": job.name,
        "steps": steps.iter().map(step_json).collect::<Vec<_>>(),
        "check_run_url": format!("{api}/check-runs/{}", job.id),
        "labels": job.runs_on,
        "runner_id": job.runner_id,
        "runner_name": job.runner_name,
        "runner_group_id": null,
        "runner_group_name": null,
    })
}

/// A step in GitHub's shape.
pub(crate) fn step_json(step: &StepView) -> Value {
    json!({
        "name": step.name,
        "status": step.status,
        "conclusion": step.conclusion,
        "number": step.number,
        "started_at": step.started_at,
        "completed_at": step.completed_at,
    })
}
