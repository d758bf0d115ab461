//! A runner takes a queued job.

use gantry_protocol::{ClaimId, JobId, LeaseToken, RunId};
use gantry_workflow::expr::Value;
use sqlx::PgConnection;
use sqlx::types::Json;

use super::Attempt;
use crate::runners::Runner;

/// A job in the hands of a runner, as its row says.
#[derive(Clone, Debug)]
pub struct LeasedJob {
    pub id: JobId,
    pub attempt: Attempt,
    /// The key under `jobs:`.
    pub key: String,
    pub name: String,
    pub runs_on: Vec<String>,
    pub timeout_minutes: i32,
    pub cancel_timeout_minutes: i32,
    pub matrix: Value,
    pub strategy: Value,
    pub environment: Option<String>,
    pub lease: LeaseToken,
}

struct Row {
    id: i64,
    run_id: i64,
    run_attempt: i32,
    job_key: String,
    name: String,
    runs_on: Vec<String>,
    timeout_minutes: i32,
    cancel_timeout_minutes: i32,
    matrix: Json<Value>,
    strategy: Json<Value>,
    environment: Option<String>,
    lease_token: i64,
}

impl From<Row> for LeasedJob {
    fn from(row: Row) -> Self {
        Self {
            id: JobId(row.id),
            attempt: Attempt { run: RunId(row.run_id), number: row.run_attempt },
            key: row.job_key,
            name: row.name,
            runs_on: row.runs_on,
            timeout_minutes: row.timeout_minutes,
            cancel_timeout_minutes: row.cancel_timeout_minutes,
            matrix: row.matrix.0,
            strategy: row.strategy.0,
            environment: row.environment,
            lease: LeaseToken(row.lease_token),
        }
    }
}

/// Takes the oldest queued job whose labels the runner has, unless the runner drains. A claim that has
/// got a job already gets the same one with the same token: its answer was lost on the way.
pub async fn claim(
    db: &mut PgConnection,
    runner: &Runner,
    claim: ClaimId,
    lease_seconds: f64,
) -> sqlx::Result<Option<LeasedJob>> {
    if let Some(job) = claimed_before(db, runner, claim, lease_seconds).await? {
        return Ok(Some(job));
    }
    let row = sqlx::query_as!(
        Row,
        r#"update jobs
         set status = 'in_progress',
             reason = null,
             runner_id = $1,
             lease_claim = $2,
             lease_token = lease_token + 1,
             lease_expires_at = clock_timestamp() + make_interval(secs => $4),
             started_at = clock_timestamp(),
             updated_at = clock_timestamp()
         where id = (
             select id
             from jobs
             where status = 'queued' and runs_on <@ $3
               and not exists (select from runners where id = $1 and is_draining)
             order by id
             limit 1
             for update skip locked
         )
         returning id, run_id, run_attempt, job_key, name, runs_on, timeout_minutes,
             cancel_timeout_minutes,
             matrix as "matrix: Json<Value>", strategy as "strategy: Json<Value>", environment,
             lease_token"#,
        runner.id.0,
        claim.0,
        &runner.labels,
        lease_seconds,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(LeasedJob::from))
}

async fn claimed_before(
    db: &mut PgConnection,
    runner: &Runner,
    claim: ClaimId,
    lease_seconds: f64,
) -> sqlx::Result<Option<LeasedJob>> {
    let row = sqlx::query_as!(
        Row,
        r#"update jobs
         set lease_expires_at = clock_timestamp() + make_interval(secs => $3)
         where lease_claim = $2 and runner_id = $1 and status = 'in_progress'
         returning id, run_id, run_attempt, job_key, name, runs_on, timeout_minutes,
             cancel_timeout_minutes,
             matrix as "matrix: Json<Value>", strategy as "strategy: Json<Value>", environment,
             lease_token"#,
        runner.id.0,
        claim.0,
        lease_seconds,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(LeasedJob::from))
}
