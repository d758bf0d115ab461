//! The life of a runner, from its start to its drained end.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::claim::SlotClaim;
use super::job_locks::JobLocks;
use super::slot::{self, Slot, SlotEnd};
use super::{adopt, lock, registration};
use crate::actions;
use crate::background::{self, Task};
use crate::config::RunnerConfig;
use crate::container::{Backend, DockerBackend};
use crate::execution::{Host, JobState};
use crate::externals;
use crate::shim;
use crate::warm::{self, Maker};

/// How long a runner that is told to stop waits for the removal of what ended jobs left.
const REMOVAL_PATIENCE: Duration = Duration::from_secs(10);

/// Runs jobs on the Docker engine of `config` until `shutdown`.
pub async fn run(config: RunnerConfig, shutdown: CancellationToken) -> anyhow::Result<()> {
    let backend = DockerBackend::new(config.docker_host.as_deref())?;
    run_on(config, Arc::new(backend), shutdown).await
}

/// Runs jobs on `backend` until `shutdown`, and then drains. Dropping the future instead is what
/// the death of a runner is: its jobs go on and are adopted by the next one.
pub async fn run_on(
    config: RunnerConfig,
    backend: Arc<dyn Backend>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let work_directory = config.work_directory.clone();
    registration::create_work_directory(&work_directory)?;
    let work_directory = work_directory.canonicalize()?;
    let config = RunnerConfig { work_directory: work_directory.clone(), ..config };
    let _lock = lock::lock(&work_directory)?;
    backend.check().await?;
    externals::prepare(&config)?;
    actions::prepare_cache(&config)?;
    let shim_program = shim::install(&work_directory.join("bin"))?;
    let installation = registration::installation(&work_directory)?;
    let mut anew = false;
    loop {
        let client = tokio::select! {
            client = registration::connect(&config, anew) => client?,
            () = shutdown.cancelled() => return Ok(()),
        };
        let host = Arc::new(Host {
            config: config.clone(),
            backend: Arc::clone(&backend),
            client,
            installation: installation.clone(),
            shim_program: shim_program.clone(),
            removals: TaskTracker::new(),
            warm: Arc::default(),
        });
        match serve(host, &shutdown).await? {
            SlotEnd::Drained => return Ok(()),
            SlotEnd::Unauthorized => anew = true,
        }
    }
}

/// Serves with containers that wait for jobs, which go with the serving.
async fn serve(host: Arc<Host>, shutdown: &CancellationToken) -> anyhow::Result<SlotEnd> {
    let maker = Arc::new(Maker {
        config: host.config.clone(),
        backend: Arc::clone(&host.backend),
        installation: host.installation.clone(),
        shim_program: host.shim_program.clone(),
    });
    let jobs = adopt::find_jobs(&host).await?;
    maker.sweep(&adopt::containers(&jobs)).await?;
    let stop = shutdown.child_token();
    let keeping = (!host.config.warm.is_off()).then(|| {
        let keeping = warm::keep(maker, Arc::clone(&host.warm), stop.clone());
        background::spawn("warm_containers", keeping)
    });
    let end = serve_jobs(host, jobs, shutdown).await;
    stop.cancel();
    if let Some(keeping) = keeping
        && tokio::time::timeout(REMOVAL_PATIENCE, keeping.join()).await.is_err()
    {
        tracing::warn!("containers that wait for jobs are left for the next runner to remove");
    }
    end
}

async fn serve_jobs(
    host: Arc<Host>,
    jobs: Vec<JobState>,
    shutdown: &CancellationToken,
) -> anyhow::Result<SlotEnd> {
    let permits = Arc::new(Semaphore::new(host.config.slots));
    let locks = Arc::new(JobLocks::default());
    let mut tasks: Vec<Task<SlotEnd>> = Vec::new();
    let mut claims = HashSet::new();
    for state in jobs {
        claims.extend(state.record.claim);
        // Before any slot asks for work: the server may give us the same job anew.
        let lock = locks.lock(state.message.job_id).await;
        // With fewer slots than there were, the rest go on all the same: they run already.
        let permit = Arc::clone(&permits).try_acquire_owned().ok();
        let host = Arc::clone(&host);
        tasks.push(background::spawn("adopted_job", async move {
            slot::adopt(host, state, (permit, lock)).await;
            SlotEnd::Drained
        }));
    }
    for number in 0..host.config.slots {
        let slot = Slot {
            claim: SlotClaim::open(&host.config.work_directory, number, &claims)?,
            host: Arc::clone(&host),
            permits: Arc::clone(&permits),
            locks: Arc::clone(&locks),
        };
        tasks.push(background::spawn("slot", slot.serve(shutdown.clone())));
    }
    tracing::info!(name = host.config.name, slots = host.config.slots, "runner is listening");
    let drained = drain(tasks);
    tokio::pin!(drained);
    let limit = async {
        shutdown.cancelled().await;
        match host.config.drain_timeout {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        end = &mut drained => return Ok(end),
        () = limit => {}
    }
    // What has ended is removed now; what still runs goes on in its containers.
    host.removals.close();
    if tokio::time::timeout(REMOVAL_PATIENCE, host.removals.wait()).await.is_err() {
        tracing::warn!("remains of ended jobs are left for the next runner of this directory");
    }
    Ok(SlotEnd::Drained)
}

async fn drain(tasks: Vec<Task<SlotEnd>>) -> SlotEnd {
    let mut end = SlotEnd::Drained;
    for task in tasks {
        if let Some(SlotEnd::Unauthorized) = task.join().await {
            end = SlotEnd::Unauthorized;
        }
    }
    end
}
