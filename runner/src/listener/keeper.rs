//! Keeps one job's lease, and hears through it what happens to the job.
//!
//! Invariant: a job whose lease nobody confirms is given up before the server can give it to
//! somebody else. A server that is down cannot do that, so its time does not count.

use std::time::Duration;

use chrono::Utc;
use gantry_protocol::{CancelRequest, JobMessage, RenewRequest};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::client::{Backoff, ClientError, ServerClient};
use crate::execution::{JobState, Signals};

/// How long the server may hold a renewal; far shorter than a lease.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// The job is given up this long before its lease ends, so that its processes are gone by then.
const MARGIN: Duration = Duration::from_secs(5);

/// A server that was down gets this long to make sense again after it is back.
const RECOVERY: Duration = Duration::from_secs(30);

/// Everything the keeper of a lease needs.
pub(super) struct Keeper {
    pub(super) client: ServerClient,
    pub(super) offline_grace: Duration,
    pub(super) signals: watch::Sender<Signals>,
}

impl Keeper {
    /// Renews until the lease is lost; whoever does not need it any more drops this.
    pub(super) async fn keep(self, state_message: LeasedJob) {
        tokio::select! {
            reason = self.renew_for_ever(&state_message) => {
                self.signals.send_modify(|signals| signals.lost = Some(reason));
            }
            () = self.end_at_time_limit(&state_message) => {}
        }
    }

    async fn renew_for_ever(&self, job: &LeasedJob) -> String {
        let mut expires_at = Instant::now() + job.expires_in.saturating_sub(MARGIN);
        let mut down_until = None;
        let mut backoff = Backoff::new();
        loop {
            let cancel_seen = self.signals.borrow().cancel.is_some();
            let left = expires_at.saturating_duration_since(Instant::now());
            let wait = LONGEST_WAIT.min(left / 3);
            let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(0);
            let request = RenewRequest { lease: job.lease, wait_ms, cancel_seen };
            let limit = expires_at.max(Instant::now() + Duration::from_secs(1));
            let answer = timeout_at(limit, self.client.renew(job.job, &request)).await;
            let answer =
                answer.unwrap_or_else(|_| Err(ClientError::Unreachable("no answer".to_owned())));
            match answer {
                Ok(renewed) => {
                    let lease = Duration::from_millis(renewed.expires_in_ms);
                    expires_at = Instant::now() + lease.saturating_sub(MARGIN);
                    down_until = None;
                    backoff = Backoff::new();
                    self.cancel(renewed.cancel);
                    continue;
                }
                Err(ClientError::LeaseRefused(reason)) => return reason,
                Err(ClientError::Down(_)) => down_until = Some(Instant::now() + RECOVERY),
                Err(error) => tracing::debug!(job.id = job.job.0, %error, "lease not renewed"),
            }
            let grace_end = expires_at + self.offline_grace;
            let deadline =
                down_until.map_or(expires_at, |until| until.max(expires_at).min(grace_end));
            if Instant::now() >= deadline {
                return "the lease could not be renewed in time".to_owned();
            }
            backoff.pause().await;
        }
    }

    fn cancel(&self, cancel: Option<CancelRequest>) {
        self.signals.send_if_modified(|signals| {
            let is_new = signals.cancel.is_none() && cancel.is_some();
            if is_new {
                signals.cancel = cancel;
            }
            is_new
        });
    }

    /// The server ends a job at its time limit, too; this holds while it is down.
    async fn end_at_time_limit(&self, job: &LeasedJob) {
        sleep_until(job.ends_at).await;
        let minutes = job.timeout_minutes;
        self.cancel(Some(CancelRequest {
            reason: format!("The job has exceeded the maximum execution time of {minutes}m0s"),
            timed_out: true,
        }));
        std::future::pending().await
    }
}

/// What a keeper knows of its job.
pub(super) struct LeasedJob {
    job: gantry_protocol::JobId,
    lease: gantry_protocol::LeaseToken,
    expires_in: Duration,
    ends_at: Instant,
    timeout_minutes: u32,
}

impl LeasedJob {
    pub(super) fn of(state: &JobState) -> Self {
        let JobMessage { job_id, lease, lease_expires_in_ms, timeout_minutes, .. } = state.message;
        let limit = Duration::from_secs(u64::from(timeout_minutes) * 60);
        let spent = (Utc::now() - state.record.leased_at).to_std().unwrap_or_default();
        Self {
            job: job_id,
            lease,
            expires_in: Duration::from_millis(lease_expires_in_ms),
            ends_at: Instant::now() + limit.saturating_sub(spent),
            timeout_minutes,
        }
    }
}
