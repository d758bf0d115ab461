//! What `advance` decided, written to rows: follows `RunState::apply` step by step.
//!
//! Decides nothing. Every function belongs into the transaction of the whole advance, which has
//! locked the jobs' rows: a row that is not as expected is an error, and nothing is written.

use anyhow::Context as _;
use gantry_protocol::JobId;
use gantry_workflow::advance::{Conclusion, LegKey, NewLeg};
use gantry_workflow::model;
use sqlx::PgConnection;
use sqlx::types::Json;

use super::{Attempt, annotations, steps};
use crate::db::clean;

/// Longest reason, name and label kept, in bytes.
const MAX_REASON_BYTES: usize = 4096;

/// The strategy of a job as evaluated.
#[derive(Debug)]
pub struct Expansion<'a> {
    pub job: &'a model::JobId,
    pub legs: &'a [NewLeg],
    pub fail_fast: bool,
    pub max_parallel: Option<u32>,
}

/// The blocked row becomes leg 0, the other legs become rows.
pub async fn expand(
    db: &mut PgConnection,
    attempt: Attempt,
    expansion: &Expansion<'_>,
) -> anyhow::Result<()> {
    let max_parallel = expansion.max_parallel.map(i32::try_from).transpose()?;
    for (index, leg) in expansion.legs.iter().enumerate() {
        let label = |label: &String| clean(&label.to_lowercase(), MAX_REASON_BYTES);
        let runs_on: Vec<String> = leg.runs_on.iter().map(label).collect();
        sqlx::query!(
            "insert into jobs (run_id, run_attempt, job_key, leg, name, status, expanded, matrix,
                 strategy, fail_fast, max_parallel, runs_on, environment, continue_on_error,
                 timeout_minutes, cancel_timeout_minutes, concurrency, call_inputs)
             values ($1, $2, $3, $4, $5, 'pending', true, $6::text::json, $7::text::json, $8, $9,
                 $10, $11, $12, $13, $14, $15, $16::text::json)
             on conflict (run_id, run_attempt, job_key, leg) do update
             set name = excluded.name,
                 status = excluded.status,
                 expanded = true,
                 matrix = excluded.matrix,
                 strategy = excluded.strategy,
                 fail_fast = excluded.fail_fast,
                 max_parallel = excluded.max_parallel,
                 runs_on = excluded.runs_on,
                 environment = excluded.environment,
                 continue_on_error = excluded.continue_on_error,
                 timeout_minutes = excluded.timeout_minutes,
                 cancel_timeout_minutes = excluded.cancel_timeout_minutes,
                 concurrency = excluded.concurrency,
                 call_inputs = excluded.call_inputs,
                 updated_at = clock_timestamp()",
            attempt.run.0,
            attempt.number,
            expansion.job.0,
            i32::try_from(index)?,
            clean(&leg.name, MAX_REASON_BYTES),
            // As text: sqlx sends JSON as `jsonb`, which sorts keys and refuses `\u0000`.
            serde_json::to_string(&leg.matrix)?,
            serde_json::to_string(&leg.strategy)?,
            expansion.fail_fast,
            max_parallel,
            &runs_on,
            leg.environment.as_ref().map(|name| clean(name, MAX_REASON_BYTES)),
            leg.continue_on_error,
            i32::try_from(leg.timeout_minutes).unwrap_or(i32::MAX),
            i32::try_from(leg.cancel_timeout_minutes).unwrap_or(i32::MAX),
            leg.concurrency.as_ref().map(Json) as _,
            leg.call.as_ref().map(serde_json::to_string).transpose()?,
        )
        .execute(&mut *db)
        .await
        .with_context(|| format!("creating leg {index} of job `{}`", expansion.job))?;
    }
    Ok(())
}

/// The job ends without legs.
pub async fn end(
    db: &mut PgConnection,
    attempt: Attempt,
    job: &model::JobId,
    ended: &Ended<'_>,
) -> sqlx::Result<JobId> {
    let id = sqlx::query_scalar!(
        "update jobs
         set name = $4, status = 'completed', conclusion = $5, reason = $6,
             completed_order = nextval('job_completions'), completed_at = clock_timestamp(),
             updated_at = clock_timestamp()
         where run_id = $1 and run_attempt = $2 and job_key = $3 and leg = 0
             and status = 'blocked'
         returning id",
        attempt.run.0,
        attempt.number,
        job.0,
        clean(ended.name, MAX_REASON_BYTES),
        ended.conclusion.as_str(),
        clean(ended.reason, MAX_REASON_BYTES),
    )
    .fetch_one(db)
    .await?;
    Ok(JobId(id))
}

/// How a job ended that has no legs.
#[derive(Debug)]
pub struct Ended<'a> {
    pub name: &'a str,
    pub conclusion: Conclusion,
    pub reason: &'a str,
}

/// The leg waits for a review.
pub async fn wait(
    db: &mut PgConnection,
    attempt: Attempt,
    leg: &LegKey,
    reason: &str,
) -> sqlx::Result<JobId> {
    let id = sqlx::query_scalar!(
        "update jobs
         set status = 'waiting', reason = $5, waiting_at = clock_timestamp(),
             updated_at = clock_timestamp()
         where run_id = $1 and run_attempt = $2 and job_key = $3 and leg = $4
             and status = 'pending'
         returning id",
        attempt.run.0,
        attempt.number,
        leg.job.0,
        leg_number(leg),
        reason,
    )
    .fetch_one(db)
    .await?;
    Ok(JobId(id))
}

/// The leg may be leased.
pub async fn queue(db: &mut PgConnection, attempt: Attempt, leg: &LegKey) -> sqlx::Result<JobId> {
    let id = sqlx::query_scalar!(
        "update jobs
         set status = 'queued', reason = null, queued_at = clock_timestamp(),
             updated_at = clock_timestamp()
         where run_id = $1 and run_attempt = $2 and job_key = $3 and leg = $4
             and status in ('pending', 'waiting')
         returning id",
        attempt.run.0,
        attempt.number,
        leg.job.0,
        leg_number(leg),
    )
    .fetch_one(db)
    .await?;
    Ok(JobId(id))
}

/// The leg ends without having run.
pub async fn conclude(
    db: &mut PgConnection,
    attempt: Attempt,
    leg: &LegKey,
    ended: (Conclusion, &str),
) -> sqlx::Result<JobId> {
    let (conclusion, reason) = ended;
    let id = sqlx::query_scalar!(
        "update jobs
         set status = 'completed', conclusion = $5, reason = $6,
             completed_order = nextval('job_completions'), completed_at = clock_timestamp(),
             updated_at = clock_timestamp()
         where run_id = $1 and run_attempt = $2 and job_key = $3 and leg = $4
             and status in ('pending', 'waiting', 'queued')
         returning id",
        attempt.run.0,
        attempt.number,
        leg.job.0,
        leg_number(leg),
        conclusion.as_str(),
        clean(reason, MAX_REASON_BYTES),
    )
    .fetch_one(db)
    .await?;
    Ok(JobId(id))
}

/// The runner of the leg is told to cancel it. `None` for a leg that has entered what it calls:
/// its called jobs are cancelled by `advance`.
pub async fn request_cancel(
    db: &mut PgConnection,
    attempt: Attempt,
    leg: &LegKey,
    (reason, timed_out): (&str, bool),
) -> sqlx::Result<Option<JobId>> {
    let row = sqlx::query!(
        "update jobs
         set cancel_requested_at = clock_timestamp(), cancel_reason = $5, cancel_timed_out = $6,
             updated_at = clock_timestamp()
         where run_id = $1 and run_attempt = $2 and job_key = $3 and leg = $4
             and status in ('in_progress', 'called') and cancel_requested_at is null
         returning id, status",
        attempt.run.0,
        attempt.number,
        leg.job.0,
        leg_number(leg),
        clean(reason, MAX_REASON_BYTES),
        timed_out,
    )
    .fetch_one(db)
    .await?;
    Ok((row.status == "in_progress").then_some(JobId(row.id)))
}

/// A running leg is over. The token of its lease grows, so that whatever its runner still sends is
/// refused, and the runner stops it.
pub async fn abandon(
    db: &mut PgConnection,
    attempt: Attempt,
    leg: &LegKey,
    ended: (Conclusion, &str),
) -> anyhow::Result<JobId> {
    let (conclusion, reason) = ended;
    let id = sqlx::query_scalar!(
        "update jobs
         set status = 'completed', conclusion = $5, reason = $6,
             lease_token = lease_token + 1, lease_claim = null, lease_expires_at = null,
             completed_order = nextval('job_completions'), completed_at = clock_timestamp(),
             updated_at = clock_timestamp()
         where run_id = $1 and run_attempt = $2 and job_key = $3 and leg = $4
             and status = 'in_progress'
         returning id",
        attempt.run.0,
        attempt.number,
        leg.job.0,
        leg_number(leg),
        conclusion.as_str(),
        clean(reason, MAX_REASON_BYTES),
    )
    .fetch_one(&mut *db)
    .await?;
    steps::close(db, &[id]).await?;
    annotations::insert(db, JobId(id), &[annotations::failure(reason)]).await?;
    Ok(JobId(id))
}

/// Says in words why a leg waits that has no other state than that.
pub async fn explain_pending(
    db: &mut PgConnection,
    attempt: Attempt,
    leg: &LegKey,
    reason: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update jobs
         set reason = $5, updated_at = clock_timestamp()
         where run_id = $1 and run_attempt = $2 and job_key = $3 and leg = $4
             and status = 'pending' and reason is distinct from $5",
        attempt.run.0,
        attempt.number,
        leg.job.0,
        leg_number(leg),
        clean(reason, MAX_REASON_BYTES),
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(super) fn leg_number(leg: &LegKey) -> i32 {
    i32::try_from(leg.leg).unwrap_or(i32::MAX)
}
