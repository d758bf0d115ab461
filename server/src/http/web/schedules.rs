//! The schedules of a repository, and what became of them.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::App;
use crate::http::error::ApiError;
use crate::http::extract::Repo;
use crate::triggers::{FiringView, ScheduleView, schedule_ledger};

/// `GET /api/gantry/repositories/{owner}/{repo}/schedules`.
pub(crate) async fn list(
    State(app): State<App>,
    Repo(repository): Repo,
) -> Result<Json<Value>, ApiError> {
    let mut db = app.db.acquire().await?;
    let schedules = schedule_ledger(&mut db, repository.id).await?;
    let schedules: Vec<_> = schedules.iter().map(schedule_json).collect();
    Ok(Json(json!({ "schedules": schedules })))
}

fn schedule_json(schedule: &ScheduleView) -> Value {
    let firings: Vec<_> = schedule.firings.iter().map(firing_json).collect();
    json!({
        "workflow_path": schedule.workflow_path,
        "cron": schedule.cron,
        "timezone": schedule.timezone,
        "next_due_at": schedule.next_due_at,
        "firings": firings,
        "missed": schedule.missed,
    })
}

fn firing_json(firing: &FiringView) -> Value {
    json!({ "due_at": firing.due_at, "fired_at": firing.fired_at, "run_id": firing.run_id })
}
