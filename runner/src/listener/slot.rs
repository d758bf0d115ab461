//! One slot: leases a job, runs it, leases the next.

use std::sync::Arc;

use gantry_protocol::{JobId, JobMessage, LeaseRequest, RenewRequest};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::claim::SlotClaim;
use super::job_locks::{JobLock, JobLocks};
use super::keeper::{Keeper, LeasedJob};
use super::room::wait_for_room;
use crate::background::{self, Task};
use crate::client::{Backoff, ClientError, persistently};
use crate::execution::{Host, JobState, Signals};
use crate::job;

/// How long the server may hold a request for work; its own limit is the same.
const LEASE_WAIT_MS: u64 = 50_000;

/// Why a slot stopped.
#[derive(Debug)]
pub(super) enum SlotEnd {
    Drained,
    /// The server does not know the runner any more.
    Unauthorized,
}

/// One slot of a runner.
pub(super) struct Slot {
    pub(super) host: Arc<Host>,
    /// Adopted jobs hold permits, too.
    pub(super) permits: Arc<Semaphore>,
    pub(super) locks: Arc<JobLocks>,
    pub(super) claim: SlotClaim,
}

impl Slot {
    /// Serves until the runner is told to stop.
    pub(super) async fn serve(mut self, shutdown: CancellationToken) -> SlotEnd {
        let mut removals: Vec<Task<()>> = Vec::new();
        let end = loop {
            let permit = tokio::select! {
                permit = Arc::clone(&self.permits).acquire_owned() => permit,
                () = shutdown.cancelled() => break SlotEnd::Drained,
            };
            let Ok(permit) = permit else { break SlotEnd::Drained };
            tokio::select! {
                () = wait_for_room(&self.host) => {}
                () = shutdown.cancelled() => break SlotEnd::Drained,
            }
            match self.lease(&shutdown).await {
                Ok(Some(message)) => {
                    removals.retain(|removal| !removal.is_finished());
                    removals.push(self.run(message, permit).await);
                }
                Ok(None) => break SlotEnd::Drained,
                Err(reason) => {
                    tracing::error!(%reason, "no more jobs leased");
                    break SlotEnd::Unauthorized;
                }
            }
        };
        for removal in removals {
            removal.join().await;
        }
        end
    }

    /// The next job; `None` when the runner is told to stop.
    async fn lease(&self, shutdown: &CancellationToken) -> Result<Option<JobMessage>, String> {
        let mut backoff = Backoff::new();
        loop {
            let request = LeaseRequest { claim: self.claim.id(), wait_ms: LEASE_WAIT_MS };
            let answer = tokio::select! {
                answer = self.host.client.lease(&request) => answer,
                () = shutdown.cancelled() => return Ok(self.last_answer().await),
            };
            match answer {
                Ok(Some(message)) => return Ok(Some(message)),
                Ok(None) => backoff = Backoff::new(),
                Err(ClientError::Unauthorized(reason)) => return Err(reason),
                Err(error) => {
                    log_failed_lease(&error);
                    tokio::select! {
                        () = backoff.pause() => {}
                        () = shutdown.cancelled() => return Ok(self.last_answer().await),
                    }
                }
            }
        }
    }

    /// The server may have leased a job in the moment in which we stopped waiting: the same claim
    /// gets the same job again.
    async fn last_answer(&self) -> Option<JobMessage> {
        let request = LeaseRequest { claim: self.claim.id(), wait_ms: 0 };
        self.host.client.lease(&request).await.unwrap_or_default()
    }

    async fn run(&mut self, message: JobMessage, permit: OwnedSemaphorePermit) -> Task<()> {
        let (host, job) = (&self.host, message.job_id);
        tracing::info!(
            job.id = job.0,
            run.id = message.run_id.0,
            name = message.name,
            "job leased"
        );
        let lock = self.locks.lock(job).await;
        let created = JobState::create(message, self.claim.id(), &host.directory(job));
        if let Err(error) = self.claim.change() {
            tracing::warn!(%error, "the claim of the next job is not on disk");
        }
        match created {
            Ok(state) => run_job(host, state, (Some(permit), lock)).await,
            Err(error) => {
                tracing::error!(job.id = job.0, %error, "job left to another runner");
                removal(host, job, lock)
            }
        }
    }
}

fn log_failed_lease(error: &ClientError) {
    if error.may_pass() {
        tracing::debug!(%error, "no answer to a request for work");
    } else {
        tracing::warn!(%error, "a request for work was refused");
    }
}

/// What a job holds while it runs: its slot, if there is one for it, and itself.
type Held = (Option<OwnedSemaphorePermit>, JobLock);

/// Goes on with a job of an earlier runner, if it is still ours.
pub(super) async fn adopt(host: Arc<Host>, mut state: JobState, held: Held) {
    let job = state.message.job_id;
    let request = RenewRequest {
        lease: state.message.lease,
        wait_ms: 0,
        cancel_seen: state.record.progress.cancel.is_some(),
    };
    let removal = match persistently(|| host.client.renew(job, &request)).await {
        Ok(renewed) => {
            tracing::info!(job.id = job.0, "job adopted");
            state.message.lease_expires_in_ms = renewed.expires_in_ms;
            run_job(&host, state, held).await
        }
        Err(error) => {
            tracing::warn!(job.id = job.0, %error, "job of an earlier runner given up");
            removal(&host, job, held.1)
        }
    };
    removal.join().await;
}

/// Runs the job and answers its removal, which is off the critical path.
async fn run_job(host: &Arc<Host>, state: JobState, (permit, lock): Held) -> Task<()> {
    let job = state.message.job_id;
    let (sender, signals) = watch::channel(Signals::default());
    let keeper = Keeper {
        client: host.client.clone(),
        offline_grace: host.config.offline_grace,
        signals: sender,
    };
    let keeping = background::spawn("lease_keeper", keeper.keep(LeasedJob::of(&state)));
    job::run(Arc::clone(host), state, signals).await;
    drop(keeping);
    drop(permit);
    removal(host, job, lock)
}

fn removal(host: &Arc<Host>, job: JobId, lock: JobLock) -> Task<()> {
    let host = Arc::clone(host);
    let removal = host.removals.token();
    background::spawn("job_removal", async move {
        let directory = host.directory(job);
        job::remove(&host, job, &directory).await;
        drop(lock);
        drop(removal);
    })
}
