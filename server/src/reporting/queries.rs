//! SQL of the reports: reads jobs, writes `check_runs` and `github_deployments`.

use gantry_protocol::{JobId, RunId};
use gantry_workflow::diagnostic::Diagnostic;
use sqlx::PgConnection;
use sqlx::types::Json;

use super::annotations::ReportedAnnotation;
use super::wanted::{FailedStart, ReportedJob, WantedCheckRun};

/// What is to be reported.
#[derive(Clone, Copy, Debug)]
pub(super) enum RunOrJob {
    Run(RunId),
    Job(JobId),
}

/// What GitHub was told last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reported {
    pub(super) check_run_id: i64,
    /// The job's own word at that time.
    pub(super) status: String,
    pub(super) conclusion: Option<String>,
    pub(super) n_annotations: usize,
}

/// What a report would be about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    pub(super) repository: i64,
    pub(super) is_on_github: bool,
    pub(super) is_shadow: bool,
    pub(super) reports_statuses: bool,
    pub(super) has_environment: bool,
}

pub(super) async fn find_target(
    db: &mut PgConnection,
    what: RunOrJob,
) -> sqlx::Result<Option<Target>> {
    let (run, job) = match what {
        RunOrJob::Run(run) => (Some(run.0), None),
        RunOrJob::Job(job) => (None, Some(job.0)),
    };
    sqlx::query_as!(
        Target,
        "select repositories.id as repository, github_id is not null as \"is_on_github!\",
                is_shadow, reports_statuses, jobs.environment is not null as \"has_environment!\"
         from workflow_runs
         join repositories on repositories.id = workflow_runs.repository_id
         left join jobs on jobs.id = $2
         where workflow_runs.id = coalesce($1, jobs.run_id)",
        run,
        job,
    )
    .fetch_optional(db)
    .await
}

pub(super) async fn find_job(
    db: &mut PgConnection,
    job: JobId,
) -> sqlx::Result<Option<ReportedJob>> {
    let row = sqlx::query!(
        "select workflow_runs.id as run_id, repositories.owner, repositories.name as repository,
                repositories.installation_id, repositories.is_shadow, workflow_runs.head_sha, jobs.name, jobs.status, jobs.conclusion, jobs.reason,
                jobs.started_at, jobs.completed_at, jobs.environment, jobs.environment_url,
                (
                    select string_agg(content, E'\\n\\n' order by step_number)
                    from step_summaries
                    where step_summaries.job_id = jobs.id
                ) as summary
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
        installation: row.installation_id,
        is_shadow: row.is_shadow,
        head_sha: row.head_sha,
        name: row.name,
        status: row.status,
        conclusion: row.conclusion,
        reason: row.reason,
        environment: row.environment,
        environment_url: row.environment_url,
        summary: row.summary.unwrap_or_default(),
        started_at: row.started_at,
        completed_at: row.completed_at,
    }))
}

pub(super) async fn find_failed_start(
    db: &mut PgConnection,
    run: RunId,
) -> sqlx::Result<Option<FailedStart>> {
    let row = sqlx::query!(
        "select repositories.owner, repositories.name as repository, repositories.installation_id,
                repositories.is_shadow, workflow_runs.head_sha,
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
        installation: row.installation_id,
        is_shadow: row.is_shadow,
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
    let row = sqlx::query!(
        "select check_run_id, reported_status, reported_conclusion, n_annotations
         from check_runs
         where job_id = $1",
        job.0
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Reported {
        check_run_id: row.check_run_id,
        status: row.reported_status,
        conclusion: row.reported_conclusion,
        n_annotations: usize::try_from(row.n_annotations).unwrap_or_default(),
    }))
}

/// The annotations of a job, in the order they were made.
pub(super) async fn find_annotations(
    db: &mut PgConnection,
    job: JobId,
) -> sqlx::Result<Vec<ReportedAnnotation>> {
    sqlx::query_as!(
        ReportedAnnotation,
        "select level, message, title, path, start_line, end_line, start_column, end_column
         from annotations
         where job_id = $1
         order by id",
        job.0
    )
    .fetch_all(db)
    .await
}

pub(super) async fn store_reported(
    db: &mut PgConnection,
    job: JobId,
    (check_run_id, n_annotations): (i64, usize),
    sent: &WantedCheckRun,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into check_runs
             (job_id, check_run_id, reported_status, reported_conclusion, n_annotations)
         values ($1, $2, $3, $4, $5)
         on conflict (job_id) do update
         set check_run_id = excluded.check_run_id,
             reported_status = excluded.reported_status,
             reported_conclusion = excluded.reported_conclusion,
             n_annotations = excluded.n_annotations,
             updated_at = now()",
        job.0,
        check_run_id,
        sent.state,
        sent.conclusion,
        i32::try_from(n_annotations).unwrap_or(i32::MAX),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// GitHub's number of the job's deployment, and its newest state.
pub(super) async fn find_deployment(
    db: &mut PgConnection,
    job: JobId,
) -> sqlx::Result<Option<(i64, Option<String>)>> {
    let row = sqlx::query!(
        "select deployment_id, reported_state from github_deployments where job_id = $1",
        job.0
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (row.deployment_id, row.reported_state)))
}

pub(super) async fn store_deployment(
    db: &mut PgConnection,
    job: JobId,
    (deployment, state): (i64, Option<&str>),
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into github_deployments (job_id, deployment_id, reported_state)
         values ($1, $2, $3)
         on conflict (job_id) do update
         set deployment_id = excluded.deployment_id,
             reported_state = excluded.reported_state,
             updated_at = now()",
        job.0,
        deployment,
        state,
    )
    .execute(db)
    .await?;
    Ok(())
}
