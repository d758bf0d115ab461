//! The jobs that runners have in hand, and those that wait for one.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

/// Jobs of each kind that are shown.
const SHOWN: i64 = 500;

/// A job that has not ended.
#[derive(Clone, Debug)]
pub struct OpenJob {
    pub id: i64,
    pub name: String,
    pub run_id: i64,
    pub run_title: String,
    /// `owner/name`.
    pub repository: String,
    pub runs_on: Vec<String>,
    pub runner_id: Option<i64>,
    /// In words: why it waits.
    pub reason: Option<String>,
    pub queued_at: Option<DateTime<Utc>>,
    pub started_at: Option<DateTime<Utc>>,
}

/// Jobs in the hands of runners, in the order they were handed out.
pub async fn running_jobs(db: &mut PgConnection) -> sqlx::Result<Vec<OpenJob>> {
    open_jobs(db, "in_progress").await
}

/// Jobs that wait for a runner, in the order they are handed out.
pub async fn queued_jobs(db: &mut PgConnection) -> sqlx::Result<Vec<OpenJob>> {
    open_jobs(db, "queued").await
}

async fn open_jobs(db: &mut PgConnection, status: &str) -> sqlx::Result<Vec<OpenJob>> {
    sqlx::query_as!(
        OpenJob,
        r#"select jobs.id, jobs.name, jobs.run_id, workflow_runs.display_title as run_title,
             repositories.owner || '/' || repositories.name as "repository!", jobs.runs_on,
             jobs.runner_id, jobs.reason, jobs.queued_at, jobs.started_at
         from jobs
         join workflow_runs on workflow_runs.id = jobs.run_id
         join repositories on repositories.id = workflow_runs.repository_id
         where jobs.status = $1
         order by jobs.id
         limit $2"#,
        status,
        SHOWN,
    )
    .fetch_all(db)
    .await
}
