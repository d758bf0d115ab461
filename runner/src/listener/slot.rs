//! One slot: leases a job, runs it, leases the next.

use std::sync::Arc;

use gantry_protocol::{ClaimId, JobMessage, LeaseRequest, RenewRequest};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::keeper::{Keeper, LeasedJob};
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

/// Serves until the runner is told to stop. Adopted jobs hold permits, too.
pub(super) async fn serve(
    host: Arc<Host>,
    permits: Arc<Semaphore>,
    shutdown: CancellationToken,
) -> SlotEnd {
    let mut removals: Vec<Task<()>> = Vec::new();
    let end = loop {
        let permit = tokio::select! {
            permit = Arc::clone(&permits).acquire_owned() => permit,
            () = shutdown.cancelled() => break SlotEnd::Drained,
        };
        let Ok(permit) = permit else { break SlotEnd::Drained };
        match lease(&host, &shutdown).await {
            Ok(Some(message)) => {
                removals.retain(|removal| !removal.is_finished());
                removals.push(run_leased(&host, message, permit).await);
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
async fn lease(host: &Host, shutdown: &CancellationToken) -> Result<Option<JobMessage>, String> {
    let claim = ClaimId(Uuid::new_v4());
    let mut backoff = Backoff::new();
    loop {
        let request = LeaseRequest { claim, wait_ms: LEASE_WAIT_MS };
        let answer = tokio::select! {
            answer = host.client.lease(&request) => answer,
            () = shutdown.cancelled() => return Ok(last_answer(host, claim).await),
        };
        match answer {
            Ok(Some(message)) => return Ok(Some(message)),
            Ok(None) => backoff = Backoff::new(),
            Err(ClientError::Unauthorized(reason)) => return Err(reason),
            Err(error) => {
                tracing::debug!(%error, "no answer to a request for work");
                tokio::select! {
                    () = backoff.pause() => {}
                    () = shutdown.cancelled() => return Ok(None),
                }
            }
        }
    }
}

/// The server may have leased a job in the moment in which we stopped waiting: the same claim gets
/// the same job again.
async fn last_answer(host: &Host, claim: ClaimId) -> Option<JobMessage> {
    host.client.lease(&LeaseRequest { claim, wait_ms: 0 }).await.unwrap_or_default()
}

async fn run_leased(
    host: &Arc<Host>,
    message: JobMessage,
    permit: OwnedSemaphorePermit,
) -> Task<()> {
    let job = message.job_id;
    tracing::info!(job.id = job.0, run.id = message.run_id.0, name = message.name, "job leased");
    match JobState::create(message, &host.directory(job)) {
        Ok(state) => run_job(host, state, permit).await,
        Err(error) => {
            tracing::error!(job.id = job.0, %error, "job left to another runner");
            removal(host, job)
        }
    }
}

/// Goes on with a job of an earlier runner, if it is still ours.
pub(super) async fn adopt(host: Arc<Host>, mut state: JobState, permit: OwnedSemaphorePermit) {
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
            run_job(&host, state, permit).await
        }
        Err(error) => {
            tracing::warn!(job.id = job.0, %error, "job of an earlier runner given up");
            removal(&host, job)
        }
    };
    removal.join().await;
}

/// Runs the job and answers its removal, which is off the critical path.
async fn run_job(host: &Arc<Host>, state: JobState, permit: OwnedSemaphorePermit) -> Task<()> {
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
    removal(host, job)
}

fn removal(host: &Arc<Host>, job: gantry_protocol::JobId) -> Task<()> {
    let host = Arc::clone(host);
    background::spawn("job_removal", async move {
        let directory = host.directory(job);
        job::remove(&host, job, &directory).await;
    })
}
