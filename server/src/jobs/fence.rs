//! Whether a runner's call about a job still counts.

use gantry_protocol::{JobId, LeaseToken, RunId, RunnerId};
use sqlx::PgConnection;

/// Who calls about which job, under which lease. The runner comes from its credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobCall {
    pub job: JobId,
    pub runner: RunnerId,
    pub lease: LeaseToken,
}

/// Why a call about a job is refused. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error("there is no job {0}")]
    NotFound(JobId),
    #[error("job {0} is not leased to this runner")]
    NotYours(JobId),
    #[error("the lease of job {0} is over")]
    Stale(JobId),
    #[error("{0}")]
    Invalid(String),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

/// A job whose lease has been checked.
#[derive(Clone, Debug)]
pub(super) struct Leased {
    pub(super) run: RunId,
    /// It has been completed under this very lease.
    pub(super) is_completed: bool,
    pub(super) has_started: bool,
}

/// Checks the lease and locks the job's row until the transaction ends.
pub(super) async fn check(db: &mut PgConnection, call: JobCall) -> Result<Leased, CallError> {
    let row = sqlx::query!(
        "select run_id, runner_id, lease_token, status, has_started
         from jobs
         where id = $1
         for update",
        call.job.0,
    )
    .fetch_optional(db)
    .await?
    .ok_or(CallError::NotFound(call.job))?;
    if row.runner_id != Some(call.runner.0) {
        // An earlier holder hears that its lease is over; anybody else, that the job is not theirs.
        let was_leased = row.runner_id.is_none() || call.lease.0 < row.lease_token;
        let refuse = if was_leased { CallError::Stale } else { CallError::NotYours };
        return Err(refuse(call.job));
    }
    if row.lease_token != call.lease.0 {
        return Err(CallError::Stale(call.job));
    }
    Ok(Leased {
        run: RunId(row.run_id),
        is_completed: row.status == "completed",
        has_started: row.has_started,
    })
}

/// Notes that the job has begun, so that it is never handed out again.
pub(super) async fn mark_started(db: &mut PgConnection, job: JobId) -> sqlx::Result<()> {
    sqlx::query!(
        "update jobs
         set has_started = true, updated_at = clock_timestamp()
         where id = $1",
        job.0,
    )
    .execute(db)
    .await?;
    Ok(())
}
