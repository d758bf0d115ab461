//! SQL of the reports: reads jobs, writes `check_runs`.

use gantry_protocol::{JobId, RunId};
use gantry_workflow::diagnostic::Diagnostic;
use sqlx::PgConnection;
use sqlx::types::Json;

use super::wanted::{FailedStart, ReportedJob, WantedCheckRun};

/// What GitHub was told last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reported {
    pub(super) check_run_id: i64,
    pub(super) status: String,
    pub(super) conclusion: Option<String>,
}

pub(super) async fn find_job(
    db: &mut PgConnection,
    job: JobId,
) -> sqlx::Result<Option<ReportedJob>> {
    let row = sqlx::query!(
        "select workflow_runs.id as run_id, repositories.owner, repositories.name as repository,
                workflow_runs.head_sha, jobs.name, jobs.status, jobs.conclusion, jobs.reason,
                jobs.started_at, jobs.completed_at
         from jobs
         join workflow_runs on workflow_runs.id = jobs.run_id
         join repositories on repositories.id = workflow_runs.repository_id
         where jobs.id = $1",
        job.0
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| ReportedJob {
        job,
        run_id: row.run_id,
        owner: row.owner,
        repository: row.repository,
        head_sha: row.head_sha,
        name: row.name,
        status: row.status,
        conclusion: row.conclusion,
        reason: row.reason,
        started_at: row.started_at,
        completed_at: row.completed_at,
    }))
}

pub(super) async fn find_failed_start(
    db: &mut PgConnection,
    run: RunId,
) -> sqlx::Result<Option<FailedStart>> {
    let row = sqlx::query!(
        "select repositories.owner, repositories.name as repository, workflow_runs.head_sha,
                workflows.path, workflow_runs.completed_at,
                workflow_runs.diagnostics as \"diagnostics: Json<Vec<Diagnostic>>\"
         from workflow_runs
         join workflows on workflows.id = workflow_runs.workflow_id
         join repositories on repositories.id = workflow_runs.repository_id
         where workflow_runs.id = $1 and workflow_runs.conclusion = 'startup_failure'",
        run.0
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| FailedStart {
        run_id: run.0,
        owner: row.owner,
        repository: row.repository,
        head_sha: row.head_sha,
        workflow_path: row.path,
        completed_at: row.completed_at,
        diagnostics: row.diagnostics.0,
    }))
}

pub(super) async fn find_reported(
    db: &mut PgConnection,
    job: JobId,
) -> sqlx::Result<Option<Reported>> {
    sqlx::query_as!(
        Reported,
        "select check_run_id, reported_status as status, reported_conclusion as conclusion
         from check_runs
         where job_id = $1",
        job.0
    )
    .fetch_optional(db)
    .await
}

pub(super) async fn store_reported(
    db: &mut PgConnection,
    job: JobId,
    check_run_id: i64,
    sent: &WantedCheckRun,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into check_runs (job_id, check_run_id, reported_status, reported_conclusion)
         values ($1, $2, $3, $4)
         on conflict (job_id) do update
         set check_run_id = excluded.check_run_id,
             reported_status = excluded.reported_status,
             reported_conclusion = excluded.reported_conclusion,
             updated_at = now()",
        job.0,
        check_run_id,
        sent.status,
        sent.conclusion
    )
    .execute(db)
    .await?;
    Ok(())
}
