//! How a repository's runs have gone lately: numbers, points of a drawing, slow steps, flaky jobs.

use axum::Json;
use axum::extract::State;
use chrono::{TimeDelta, Utc};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::http::error::ApiError;
use crate::http::extract::{ApiQuery, Repo};
use crate::jobs::insights::{flaky_jobs, queue_wait, slowest_steps};
use crate::runs::insights::{InsightsFilter, run_points, workflow_insights};

/// Days looked back, unless the caller says otherwise.
const DEFAULT_DAYS: i64 = 30;

/// Most days looked back.
const MAX_DAYS: i64 = 365;

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub(crate) struct InsightsQuery {
    /// Number of the workflow; all of them when absent.
    workflow: Option<i64>,
    days: Option<i64>,
}

/// `GET /api/gantry/repositories/{owner}/{repo}/insights`.
pub(crate) async fn get(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiQuery(query): ApiQuery<InsightsQuery>,
) -> Result<Json<Value>, ApiError> {
    let days = query.days.unwrap_or(DEFAULT_DAYS).clamp(1, MAX_DAYS);
    let since = Utc::now() - TimeDelta::days(days);
    let filter = InsightsFilter { repository: repository.id, workflow: query.workflow, since };
    let of_jobs = (repository.id, query.workflow, since);
    let mut db = app.db.acquire().await?;
    let workflows = workflow_insights(&mut db, filter).await?;
    let points = run_points(&mut db, filter).await?;
    let wait = queue_wait(&mut db, of_jobs).await?;
    let steps = slowest_steps(&mut db, of_jobs).await?;
    let flaky = flaky_jobs(&mut db, of_jobs).await?;
    let workflows: Vec<_> = workflows
        .iter()
        .map(|it| {
            json!({
                "workflow_id": it.workflow_id, "name": it.name, "path": it.path,
                "n_runs": it.n_runs, "n_succeeded": it.n_succeeded, "n_failed": it.n_failed,
                "p50_seconds": it.p50_seconds, "p95_seconds": it.p95_seconds,
            })
        })
        .collect();
    let points: Vec<_> = points
        .iter()
        .map(|it| {
            json!({
                "id": it.id, "run_number": it.run_number, "workflow_name": it.workflow_name,
                "conclusion": it.conclusion, "started_at": it.started_at, "seconds": it.seconds,
            })
        })
        .collect();
    let steps: Vec<_> = steps
        .iter()
        .map(|it| {
            json!({
                "job_name": it.job_name, "step_name": it.step_name, "n_times": it.n_times,
                "p50_seconds": it.p50_seconds, "p95_seconds": it.p95_seconds,
            })
        })
        .collect();
    let flaky: Vec<_> = flaky
        .iter()
        .map(|it| {
            json!({
                "job_name": it.job_name, "workflow_name": it.workflow_name,
                "n_runs": it.n_runs, "last_run_id": it.last_run_id,
            })
        })
        .collect();
    Ok(Json(json!({
        "days": days,
        "workflows": workflows,
        "runs": points,
        "queue_wait": {
            "n_jobs": wait.n_jobs, "p50_seconds": wait.p50_seconds, "p95_seconds": wait.p95_seconds,
        },
        "slowest_steps": steps,
        "flaky_jobs": flaky,
    })))
}
