//! The jobs of a run as `advance` reads them.

use std::collections::BTreeMap;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use gantry_protocol::RunId;
use gantry_workflow::advance::{Call, Conclusion, JobState, LegState, LegStatus, SlotState};
use gantry_workflow::expr::Value;
use gantry_workflow::model::JobId;
use gantry_workflow::plan::ConcurrencySlot;
use sqlx::PgConnection;
use sqlx::types::Json;

use super::Attempt;

struct Row {
    job_key: String,
    status: String,
    conclusion: Option<String>,
    expanded: bool,
    fail_fast: bool,
    max_parallel: Option<i32>,
    environment: Option<String>,
    continue_on_error: bool,
    concurrency: Option<Json<ConcurrencySlot>>,
    timeout_minutes: i32,
    cancel_timeout_minutes: i32,
    since: Option<DateTime<Utc>>,
    cancel_requested_at: Option<DateTime<Utc>>,
    cancel_timed_out: bool,
    outputs: Json<BTreeMap<String, String>>,
    completed_order: Option<i64>,
    is_kept: bool,
    name: String,
    call_inputs: Option<Json<Value>>,
    matrix: Option<Json<Value>>,
    strategy: Option<Json<Value>>,
}

/// Locks the attempt's jobs until the transaction ends: what is decided on their state stays true
/// until it is written. A claim skips locked rows, so the caller wakes the queue afterwards.
pub async fn lock(db: &mut PgConnection, attempt: Attempt) -> sqlx::Result<()> {
    sqlx::query!(
        "select id
         from jobs
         where run_id = $1 and run_attempt = $2
         order by id
         for update",
        attempt.run.0,
        attempt.number,
    )
    .fetch_all(db)
    .await?;
    Ok(())
}

/// Every job of the attempt. Reviews and concurrency slots are not filled in.
pub async fn legs(
    db: &mut PgConnection,
    attempt: Attempt,
) -> anyhow::Result<BTreeMap<JobId, JobState>> {
    let rows = sqlx::query_as!(
        Row,
        r#"select job_key, status, conclusion, expanded, fail_fast, max_parallel, environment,
             continue_on_error, concurrency as "concurrency: Json<ConcurrencySlot>",
             timeout_minutes, cancel_timeout_minutes, case status
                 when 'waiting' then waiting_at
                 when 'queued' then queued_at
                 when 'in_progress' then started_at
             end as since, cancel_requested_at, cancel_timed_out,
             outputs as "outputs: Json<BTreeMap<String, String>>", completed_order, name,
             kept_from is not null as "is_kept!", call_inputs as "call_inputs: Json<Value>",
             case when call_inputs is not null then matrix end as "matrix: Json<Value>",
             case when call_inputs is not null then strategy end as "strategy: Json<Value>"
         from jobs
         where run_id = $1 and run_attempt = $2
         order by job_key, leg"#,
        attempt.run.0,
        attempt.number,
    )
    .fetch_all(db)
    .await?;
    let mut jobs = BTreeMap::new();
    for row in rows {
        add(&mut jobs, row)?;
    }
    Ok(jobs)
}

fn add(jobs: &mut BTreeMap<JobId, JobState>, row: Row) -> anyhow::Result<()> {
    let key = JobId(row.job_key.clone());
    if !row.expanded {
        let state = match row.conclusion.as_deref() {
            Some(word) => JobState::Ended(conclusion(word)?),
            None => JobState::Blocked,
        };
        jobs.insert(key, state);
        return Ok(());
    }
    let max_parallel = row.max_parallel.map(u32::try_from).transpose()?;
    let fail_fast = row.fail_fast;
    let leg = leg(row)?;
    let state = jobs.entry(key).or_insert_with(|| JobState::Expanded {
        legs: Vec::new(),
        fail_fast,
        max_parallel,
    });
    if let JobState::Expanded { legs, .. } = state {
        legs.push(leg);
    }
    Ok(())
}

fn leg(row: Row) -> anyhow::Result<LegState> {
    let status = match (row.status.as_str(), row.conclusion.as_deref()) {
        ("completed", Some(word)) => LegStatus::Completed(conclusion(word)?),
        ("waiting", _) => LegStatus::Waiting,
        ("queued", _) => LegStatus::Queued,
        ("in_progress" | "called", _) => LegStatus::InProgress,
        _ => LegStatus::Pending,
    };
    Ok(LegState {
        status,
        continue_on_error: row.continue_on_error,
        environment: row.environment,
        call: row.call_inputs.map(|inputs| Call {
            name: row.name,
            inputs: inputs.0,
            matrix: row.matrix.map(|matrix| matrix.0).unwrap_or_default(),
            strategy: row.strategy.map(|strategy| strategy.0).unwrap_or_default(),
        }),
        review: None,
        concurrency: row.concurrency.map(|slot| slot.0),
        slot: SlotState::Unclaimed,
        timeout_minutes: u32::try_from(row.timeout_minutes)?,
        cancel_timeout_minutes: u32::try_from(row.cancel_timeout_minutes)?,
        since: row.since,
        cancel_requested: row.cancel_requested_at.is_some(),
        cancel_requested_at: row.cancel_requested_at,
        timed_out: row.cancel_timed_out,
        outputs: row.outputs.0,
        completed_order: row.completed_order.map(u64::try_from).transpose()?,
        is_kept: row.is_kept,
    })
}

fn conclusion(word: &str) -> anyhow::Result<Conclusion> {
    word.parse().map_err(anyhow::Error::msg).context("reading a job's conclusion")
}

/// Clears the marks that jobs of the run have ended. The caller reads the jobs afterwards, in the
/// same transaction: a job that ends in between is either seen or marked again.
pub async fn take_news(db: &mut PgConnection, run: RunId) -> sqlx::Result<()> {
    sqlx::query!(
        "update jobs
         set has_news = false
         where run_id = $1 and has_news",
        run.0,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What a run without conclusion shows: in GitHub's words, from what its jobs do.
pub async fn status_of_run(db: &mut PgConnection, attempt: Attempt) -> sqlx::Result<&'static str> {
    let counts = sqlx::query!(
        r#"select
             count(*) filter (where status = 'in_progress' or started_at is not null)
                 as "started!",
             count(*) filter (where status in ('queued', 'pending')) as "queued!",
             count(*) filter (where status = 'in_progress') as "running!",
             count(*) filter (where status = 'waiting') as "waiting!"
         from jobs
         where run_id = $1 and run_attempt = $2"#,
        attempt.run.0,
        attempt.number,
    )
    .fetch_one(db)
    .await?;
    Ok(match counts {
        counts if counts.running > 0 => "in_progress",
        counts if counts.waiting > 0 && counts.queued == 0 => "waiting",
        counts if counts.started > 0 => "in_progress",
        _ => "queued",
    })
}
