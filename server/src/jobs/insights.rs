//! Where the time of jobs goes: waiting for a runner, slow steps; and jobs that fail only sometimes.

use chrono::{DateTime, Utc};
use gantry_protocol::RepositoryId;
use sqlx::PgConnection;

/// Steps and jobs that are shown.
const SHOWN: i64 = 15;

/// How long jobs waited for a runner, in seconds.
#[derive(Clone, Debug)]
pub struct QueueWait {
    pub n_jobs: i64,
    pub p50_seconds: Option<f64>,
    pub p95_seconds: Option<f64>,
}

/// A step by its name and its job's name.
#[derive(Clone, Debug)]
pub struct SlowStep {
    pub job_name: String,
    pub step_name: String,
    pub n_times: i64,
    pub p50_seconds: f64,
    pub p95_seconds: f64,
}

/// A job that failed, and succeeded when the same run was run again.
#[derive(Clone, Debug)]
pub struct FlakyJob {
    pub job_name: String,
    pub workflow_name: String,
    pub n_runs: i64,
    /// The newest of them.
    pub last_run_id: i64,
}

/// Of all jobs that were handed out.
pub async fn queue_wait(
    db: &mut PgConnection,
    (repository, workflow, since): (RepositoryId, Option<i64>, DateTime<Utc>),
) -> sqlx::Result<QueueWait> {
    sqlx::query_as!(
        QueueWait,
        r#"with waits as (
             select extract(epoch from jobs.started_at - jobs.queued_at)::double precision
                 as seconds
             from jobs
             join workflow_runs on workflow_runs.id = jobs.run_id
             where workflow_runs.repository_id = $1 and workflow_runs.created_at >= $3
               and ($2::bigint is null or workflow_runs.workflow_id = $2)
               and jobs.started_at >= jobs.queued_at
         )
         select count(*) as "n_jobs!",
             percentile_cont(0.5) within group (order by seconds) as p50_seconds,
             percentile_cont(0.95) within group (order by seconds) as p95_seconds
         from waits"#,
        repository.0,
        workflow,
        since,
    )
    .fetch_one(db)
    .await
}

/// The slowest first.
pub async fn slowest_steps(
    db: &mut PgConnection,
    (repository, workflow, since): (RepositoryId, Option<i64>, DateTime<Utc>),
) -> sqlx::Result<Vec<SlowStep>> {
    sqlx::query_as!(
        SlowStep,
        r#"with ended as (
             select jobs.name as job_name, steps.name as step_name,
                 extract(epoch from steps.completed_at - steps.started_at)::double precision
                     as seconds
             from steps
             join jobs on jobs.id = steps.job_id
             join workflow_runs on workflow_runs.id = jobs.run_id
             where workflow_runs.repository_id = $1 and workflow_runs.created_at >= $3
               and ($2::bigint is null or workflow_runs.workflow_id = $2)
               and jobs.kept_from is null
               and steps.conclusion in ('success', 'failure', 'timed_out')
               and steps.completed_at >= steps.started_at
         )
         select job_name, step_name, count(*) as "n_times!",
             percentile_cont(0.5) within group (order by seconds) as "p50_seconds!",
             percentile_cont(0.95) within group (order by seconds) as "p95_seconds!"
         from ended
         group by job_name, step_name
         order by 4 desc, job_name, step_name
         limit $4"#,
        repository.0,
        workflow,
        since,
        SHOWN,
    )
    .fetch_all(db)
    .await
}

/// Those of the most runs first.
pub async fn flaky_jobs(
    db: &mut PgConnection,
    (repository, workflow, since): (RepositoryId, Option<i64>, DateTime<Utc>),
) -> sqlx::Result<Vec<FlakyJob>> {
    sqlx::query_as!(
        FlakyJob,
        r#"select jobs.name as job_name, workflows.name as workflow_name,
             count(distinct jobs.run_id) as "n_runs!", max(jobs.run_id) as "last_run_id!"
         from jobs
         join workflow_runs on workflow_runs.id = jobs.run_id
         join workflows on workflows.id = workflow_runs.workflow_id
         where workflow_runs.repository_id = $1 and workflow_runs.created_at >= $3
           and ($2::bigint is null or workflow_runs.workflow_id = $2)
           and jobs.conclusion in ('failure', 'timed_out') and jobs.kept_from is null
           and exists (
               select
               from jobs as later
               where later.run_id = jobs.run_id and later.job_key = jobs.job_key
                 and later.leg = jobs.leg and later.run_attempt > jobs.run_attempt
                 and later.conclusion = 'success' and later.kept_from is null
           )
         group by jobs.name, workflows.name
         order by 3 desc, 4 desc
         limit $4"#,
        repository.0,
        workflow,
        since,
        SHOWN,
    )
    .fetch_all(db)
    .await
}
