//! Reading jobs for people and API clients.
//!
//! Never writes and decides nothing.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use gantry_protocol::{JobId, LeaseToken, RepositoryId, RunId};
use sqlx::PgConnection;

/// A leg of a job as it is shown.
#[derive(Clone, Debug)]
pub struct JobView {
    pub id: JobId,
    pub run_id: RunId,
    pub run_attempt: i32,
    pub job_key: String,
    pub leg: i32,
    pub name: String,
    /// As stored: `blocked` is ours and is shown as `pending`, or not at all.
    pub status: String,
    pub conclusion: Option<String>,
    pub reason: Option<String>,
    pub runs_on: Vec<String>,
    pub environment: Option<String>,
    pub environment_url: Option<String>,
    pub runner_id: Option<i64>,
    pub runner_name: Option<String>,
    pub infrastructure_error: Option<String>,
    pub queued_at: Option<DateTime<Utc>>,
    pub started_at: Option<DateTime<Utc>>,
    pub completed_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

/// A step as it is shown.
#[derive(Clone, Debug)]
pub struct StepView {
    pub job_id: JobId,
    pub number: i32,
    pub name: String,
    pub status: String,
    pub conclusion: Option<String>,
    pub started_at: Option<DateTime<Utc>>,
    pub completed_at: Option<DateTime<Utc>>,
}

/// The legs of a run's attempt in the order of the file.
pub async fn jobs_of_run(
    db: &mut PgConnection,
    run: RunId,
    attempt: i32,
) -> sqlx::Result<Vec<JobView>> {
    let rows = sqlx::query!(
        "select id, job_key
         from jobs
         where run_id = $1 and run_attempt = $2
         order by id desc",
        run.0,
        attempt
    )
    .fetch_all(&mut *db)
    .await?;
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    // Later legs of a job have larger ids than the jobs after it; the first leg keeps the place.
    let first_ids = rows.into_iter().map(|row| (row.job_key, row.id)).collect();
    let mut jobs = jobs_by_id(db, &ids).await?;
    jobs.sort_by_cached_key(|job| place(&first_ids, job));
    Ok(jobs)
}

/// Where a job stands in the order of the files: called jobs stand where their caller stood.
fn place(first_ids: &BTreeMap<String, i64>, job: &JobView) -> Vec<i64> {
    let ends = job.job_key.match_indices('/').map(|(end, _)| end).chain([job.job_key.len()]);
    let mut place: Vec<i64> = ends
        .map(|end| {
            let key = &job.job_key[..end];
            // A part that is no job is a leg: `call/0` of `call/0/build`.
            let leg = || key.rsplit('/').next().and_then(|leg| leg.parse().ok());
            first_ids.get(key).copied().or_else(leg).unwrap_or_default()
        })
        .collect();
    place.push(job.leg.into());
    place
}

/// The jobs of all attempts of a run.
pub async fn ids_of_run(db: &mut PgConnection, run: RunId) -> sqlx::Result<Vec<JobId>> {
    let ids =
        sqlx::query_scalar!("select id from jobs where run_id = $1", run.0).fetch_all(db).await?;
    Ok(ids.into_iter().map(JobId).collect())
}

/// The job `id`.
pub async fn find_job(db: &mut PgConnection, id: JobId) -> sqlx::Result<Option<JobView>> {
    Ok(jobs_by_id(db, &[id.0]).await?.pop())
}

/// In no order. A row that only holds called jobs together is left out.
async fn jobs_by_id(db: &mut PgConnection, ids: &[i64]) -> sqlx::Result<Vec<JobView>> {
    let rows = sqlx::query!(
        "select jobs.id, jobs.run_id, jobs.run_attempt, jobs.job_key, jobs.leg, jobs.name,
                jobs.status, jobs.conclusion, jobs.reason, jobs.runs_on, jobs.environment,
                jobs.environment_url, jobs.runner_id, runners.name as \"runner_name?\",
                jobs.infrastructure_error, jobs.queued_at, jobs.started_at, jobs.completed_at,
                jobs.created_at
         from jobs
         left join runners on runners.id = jobs.runner_id
         where jobs.id = any($1) and jobs.called_at is null",
        ids
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| JobView {
            id: JobId(row.id),
            run_id: RunId(row.run_id),
            run_attempt: row.run_attempt,
            job_key: row.job_key,
            leg: row.leg,
            name: row.name,
            status: row.status,
            conclusion: row.conclusion,
            reason: row.reason,
            runs_on: row.runs_on,
            environment: row.environment,
            environment_url: row.environment_url,
            runner_id: row.runner_id,
            runner_name: row.runner_name,
            infrastructure_error: row.infrastructure_error,
            queued_at: row.queued_at,
            started_at: row.started_at,
            completed_at: row.completed_at,
            created_at: row.created_at,
        })
        .collect())
}

/// The steps of these jobs, by job.
pub async fn steps_of_jobs(
    db: &mut PgConnection,
    jobs: &[JobId],
) -> sqlx::Result<BTreeMap<JobId, Vec<StepView>>> {
    let ids: Vec<i64> = jobs.iter().map(|job| job.0).collect();
    let rows = sqlx::query!(
        "select job_id, number, name, status, conclusion, started_at, completed_at
         from steps
         where job_id = any($1)
         order by job_id, number",
        &ids
    )
    .fetch_all(db)
    .await?;
    let mut steps = BTreeMap::<JobId, Vec<StepView>>::new();
    for row in rows {
        steps.entry(JobId(row.job_id)).or_default().push(StepView {
            job_id: JobId(row.job_id),
            number: row.number,
            name: row.name,
            status: row.status,
            conclusion: row.conclusion,
            started_at: row.started_at,
            completed_at: row.completed_at,
        });
    }
    Ok(steps)
}

/// Which jobs each job of the run needs, by key.
pub async fn needs_of_run(
    db: &mut PgConnection,
    run: RunId,
) -> sqlx::Result<BTreeMap<String, Vec<String>>> {
    let rows = sqlx::query!(
        "select job_key, needs_key
         from job_needs
         where run_id = $1
         order by job_key, needs_key",
        run.0
    )
    .fetch_all(db)
    .await?;
    let mut needs = BTreeMap::<String, Vec<String>>::new();
    for row in rows {
        needs.entry(row.job_key).or_default().push(row.needs_key);
    }
    Ok(needs)
}

/// The repository of a job that is being run under this very lease.
pub async fn leased_repository(
    db: &mut PgConnection,
    job: JobId,
    lease: LeaseToken,
) -> sqlx::Result<Option<RepositoryId>> {
    let id = sqlx::query_scalar!(
        "select workflow_runs.repository_id
         from jobs
         join workflow_runs on workflow_runs.id = jobs.run_id
         where jobs.id = $1 and jobs.lease_token = $2 and jobs.status = 'in_progress'",
        job.0,
        lease.0
    )
    .fetch_optional(db)
    .await?;
    Ok(id.map(RepositoryId))
}
