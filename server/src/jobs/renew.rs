//! A runner keeps its job, and learns when to stop.

use std::time::Duration;

use gantry_protocol::{CancelRequest, RenewRequest, RenewResponse};
use sqlx::PgConnection;

use super::fence::{self, CallError, JobCall};
use crate::App;
use crate::background::Topic;

/// Extends the lease at once, then holds the call until a cancellation is asked for that the runner
/// does not know of, the lease is over, or the time is up.
pub async fn renew(
    app: &App,
    call: JobCall,
    request: &RenewRequest,
) -> Result<RenewResponse, CallError> {
    let mut woken = app.wakeups.subscribe(Topic::Cancellations);
    let shutdown = app.tasks.shutdown();
    let wait = hold(app, request.wait_ms);
    let deadline = tokio::time::Instant::now() + wait;
    let mut connection = app.db.acquire().await?;
    extend(app, &mut connection, call).await?;
    loop {
        let cancel = look(&mut connection, call).await?;
        // No connection is held while waiting.
        drop(connection);
        let is_news = cancel.is_some() && !request.cancel_seen;
        let is_over = is_news
            || tokio::select! {
                _ = woken.changed() => false,
                () = tokio::time::sleep_until(deadline) => true,
                () = shutdown.cancelled() => true,
            };
        if is_over {
            let spent = wait.saturating_sub(deadline.duration_since(tokio::time::Instant::now()));
            let left = Duration::from_secs(app.config.lease_seconds).saturating_sub(spent);
            let expires_in_ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
            return Ok(RenewResponse { expires_in_ms, cancel });
        }
        connection = app.db.acquire().await?;
    }
}

/// A call is never held for longer than a quarter of the lease, so that a runner that only knows
/// this call renews four times before the lease ends.
fn hold(app: &App, wait_ms: u64) -> Duration {
    Duration::from_millis(wait_ms).min(Duration::from_secs(app.config.lease_seconds) / 4)
}

async fn extend(app: &App, db: &mut PgConnection, call: JobCall) -> Result<(), CallError> {
    #[expect(clippy::cast_precision_loss, reason = "a lease has few seconds")]
    let lease_seconds = app.config.lease_seconds as f64;
    let extended = sqlx::query!(
        "update jobs
         set lease_expires_at = clock_timestamp() + make_interval(secs => $4)
         where id = $1 and runner_id = $2 and lease_token = $3 and status = 'in_progress'",
        call.job.0,
        call.runner.0,
        call.lease.0,
        lease_seconds,
    )
    .execute(&mut *db)
    .await?;
    if extended.rows_affected() > 0 {
        return Ok(());
    }
    fence::check(db, call).await?;
    // The lease is right, but the job is completed.
    Err(CallError::Stale(call.job))
}

async fn look(db: &mut PgConnection, call: JobCall) -> Result<Option<CancelRequest>, CallError> {
    let row = sqlx::query!(
        r#"select cancel_requested_at is not null as "is_cancelled!", cancel_reason,
             cancel_timed_out
         from jobs
         where id = $1 and runner_id = $2 and lease_token = $3 and status = 'in_progress'"#,
        call.job.0,
        call.runner.0,
        call.lease.0,
    )
    .fetch_optional(db)
    .await?
    .ok_or(CallError::Stale(call.job))?;
    Ok(row.is_cancelled.then(|| CancelRequest {
        reason: row.cancel_reason.unwrap_or_default(),
        timed_out: row.cancel_timed_out,
    }))
}
