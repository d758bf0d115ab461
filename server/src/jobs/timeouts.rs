//! Jobs that run for too long.
//!
//! GitHub's server enforces `timeout-minutes` by a cancellation, so that steps with `always()` still
//! run (`semantics` 4.5); so do we. A runner that does not end a cancelled job loses it.

use chrono::{DateTime, Utc};
use gantry_protocol::JobId;
use sqlx::{Connection as _, PgConnection};

use super::complete::wake_after_end;
use super::reap::end_without_runner;
use crate::background::Topic;
use crate::{App, reporting};

/// How long after the request a cancelled job may take: `cancel-timeout-minutes` (5) and as long
/// again for a runner that kills and cleans up.
const CANCEL_PATIENCE_MINUTES: i32 = 10;

/// Asks for the cancellation of jobs past their time, and ends those that stay.
pub async fn enforce_timeouts(app: &App) -> anyhow::Result<u64> {
    let mut connection = app.db.acquire().await?;
    let n_cancelled = cancel_late_jobs(&mut connection).await?;
    if n_cancelled > 0 {
        app.wakeups.wake(Topic::Cancellations);
    }
    Ok(n_cancelled + end_stuck_jobs(app, &mut connection).await?)
}

/// The instant of the next timeout.
pub async fn next_timeout(app: &App) -> anyhow::Result<Option<DateTime<Utc>>> {
    let due = sqlx::query_scalar!(
        "select min(case
             when cancel_requested_at is null
                 then started_at + make_interval(mins => timeout_minutes)
             else cancel_requested_at + make_interval(mins => $1)
         end)
         from jobs
         where status = 'in_progress'",
        CANCEL_PATIENCE_MINUTES,
    )
    .fetch_one(&app.db)
    .await?;
    Ok(due)
}

async fn cancel_late_jobs(db: &mut PgConnection) -> sqlx::Result<u64> {
    let cancelled = sqlx::query!(
        "update jobs
         set cancel_requested_at = clock_timestamp(),
             cancel_timed_out = true,
             cancel_reason = 'the job has exceeded the maximum execution time of '
                 || timeout_minutes || ' minutes',
             updated_at = clock_timestamp()
         where id in (
             select id
             from jobs
             where status = 'in_progress' and cancel_requested_at is null
                 and started_at + make_interval(mins => timeout_minutes) <= clock_timestamp()
             for update skip locked
         )",
    )
    .execute(db)
    .await?;
    Ok(cancelled.rows_affected())
}

async fn end_stuck_jobs(app: &App, db: &mut PgConnection) -> anyhow::Result<u64> {
    let mut transaction = db.begin().await?;
    let stuck = sqlx::query_scalar!(
        "select id
         from jobs
         where status = 'in_progress'
             and cancel_requested_at + make_interval(mins => $1) <= clock_timestamp()
         for update skip locked",
        CANCEL_PATIENCE_MINUTES,
    )
    .fetch_all(&mut *transaction)
    .await?;
    for job in &stuck {
        let reason = "the runner did not end the cancelled job";
        end_without_runner(&mut transaction, *job, (true, reason)).await?;
        reporting::want_check_run(&mut transaction, &app.config, JobId(*job)).await?;
    }
    transaction.commit().await?;
    if !stuck.is_empty() {
        app.wakeups.wake(Topic::Cancellations);
        wake_after_end(app);
    }
    Ok(u64::try_from(stuck.len())?)
}
