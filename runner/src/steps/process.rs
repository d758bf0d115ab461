//! One process of a step: started, followed to its end, and stopped when it must not go on.
//!
//! Invariant: returns only when the process has ended and its whole output has been read.

use std::sync::OnceLock;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::execution::{RunningJob, Signals, cancelled, told_at_once};
use crate::infra_error::InfraError;
use crate::output::{OutputReader, StepLog, follow};
use crate::shim::{Shim, ShimError, Start, Started};

/// GitHub's ladder (`semantics` 5.11): interrupt, then terminate, then kill.
const INTERRUPT_GRACE: Duration = Duration::from_millis(7500);
const TERMINATE_GRACE: Duration = Duration::from_millis(2500);

/// The signals of a process that must end, and the time it has after each.
pub(super) const LADDER: [(Signal, Duration); 3] = [
    (Signal::SIGINT, INTERRUPT_GRACE),
    (Signal::SIGTERM, TERMINATE_GRACE),
    (Signal::SIGKILL, Duration::ZERO),
];

/// What may stop a step before it ends by itself.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    pub(crate) signals: watch::Receiver<Signals>,
    /// The step's condition also holds in a cancelled job, so a cancellation does not stop it
    /// before this has passed.
    pub(crate) survives_cancel_for: Option<Duration>,
    /// `timeout-minutes`
    pub(crate) deadline: Option<Instant>,
}

/// Why a process was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopReason {
    Cancelled,
    TimedOut,
}

/// How a process ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProcessEnd {
    pub(crate) code: i32,
    pub(crate) stopped: Option<StopReason>,
    /// There is something in the files it was given.
    pub(crate) wrote_files: bool,
}

/// A process that was not started.
#[derive(Debug)]
pub(crate) enum ProcessError {
    /// In words for the step's log.
    NotStarted(String),
    Infra(InfraError),
}

/// Starts a process in the job's container, unless an earlier runner has.
pub(crate) async fn start_process(job: &RunningJob, start: Start) -> Result<Started, ProcessError> {
    let shim = job.shim().map_err(ProcessError::Infra)?;
    let name = start.process.clone();
    let started = async {
        let started = shim.start(start).await?;
        if started.already {
            shim.ask_for_output(&name, 0).await?;
        }
        Ok(started)
    };
    match started.await {
        Ok(started) => Ok(started),
        Err(ShimError::Refused(message)) => Err(ProcessError::NotStarted(message)),
        Err(error) => Err(ProcessError::Infra(explain(job, error.to_string()).await)),
    }
}

/// Follows a started process to its end, from its first line also where an earlier runner did.
pub(crate) async fn follow_process(
    job: &RunningJob,
    name: &str,
    stop: &Stop,
    (reader, log): (&mut OutputReader, &mut StepLog),
) -> Result<ProcessEnd, ProcessError> {
    let shim = job.shim().map_err(ProcessError::Infra)?;
    let reason = OnceLock::new();
    let directory = job.directory.shim();
    let exited = tokio::select! {
        exited = follow((&*shim, &directory), name, reader, log) => exited,
        error = end_when_told(&shim, name, stop, &reason) => Err(error),
    };
    match exited {
        Ok(exited) => {
            if !exited.note.is_empty() {
                log.warning(&exited.note);
            }
            let (code, stopped) = (exited.code, reason.get().copied());
            Ok(ProcessEnd { code, stopped, wrote_files: exited.wrote_files })
        }
        Err(InfraError::Shim { reason }) => Err(ProcessError::Infra(explain(job, reason).await)),
        Err(error) => Err(ProcessError::Infra(error)),
    }
}

/// Whether the container ended is the better explanation for a lost connection.
async fn explain(job: &RunningJob, reason: String) -> InfraError {
    let lost = InfraError::Shim { reason };
    let Some(containers) = &job.state.record.containers else { return lost };
    // The engine notices the end of a container a little after its socket is closed.
    for pause_ms in [0, 20, 100, 500, 1000] {
        sleep(Duration::from_millis(pause_ms)).await;
        match job.host.backend.ended(&containers.job).await {
            Ok(Some(end)) => return InfraError::ContainerEnded { reason: end.to_string() },
            Ok(None) => {}
            Err(error) => return error,
        }
    }
    lost
}

/// Waits for a reason to stop and climbs the ladder. Returns only when the shim is lost.
async fn end_when_told(
    shim: &Shim,
    process: &str,
    stop: &Stop,
    reason: &OnceLock<StopReason>,
) -> InfraError {
    let told = stop.told().await;
    reason.get_or_init(|| told);
    for (signal, grace) in LADDER {
        if let Err(ShimError::Disconnected) = shim.signal(process, signal as i32).await {
            break;
        }
        sleep(grace).await;
    }
    // The end of the process, or of the connection, is noticed by whoever follows it.
    std::future::pending().await
}

impl Stop {
    /// With the limit of the step itself (0 for none) and that of what is around it.
    pub(crate) fn before(mut self, around: Option<Instant>, minutes: u64) -> Self {
        let own = Instant::now().checked_add(Duration::from_secs(minutes.saturating_mul(60)));
        self.deadline = own.filter(|_| minutes > 0).into_iter().chain(around).min();
        self
    }

    /// Returns when the step must end.
    pub(crate) async fn told(&self) -> StopReason {
        let cancelled = async {
            cancelled(&self.signals).await;
            tokio::select! {
                () = sleep(self.survives_cancel_for.unwrap_or_default()) => {}
                () = told_at_once(&self.signals) => {}
            }
        };
        let timed_out = async {
            match self.deadline {
                Some(deadline) => sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = cancelled => StopReason::Cancelled,
            () = timed_out => StopReason::TimedOut,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stop(signals: watch::Receiver<Signals>) -> Stop {
        Stop { signals, survives_cancel_for: None, deadline: None }
    }

    #[tokio::test]
    async fn a_limit_in_the_past_stops_at_once_and_none_does_not() {
        let (_sender, signals) = watch::channel(Signals::default());
        let around = Some(Instant::now());
        assert_eq!(stop(signals.clone()).before(around, 0).told().await, StopReason::TimedOut);
        assert!(stop(signals.clone()).before(None, 0).deadline.is_none());
        let own = stop(signals).before(None, 3).deadline.unwrap();
        assert!(own > Instant::now() + Duration::from_secs(170));
    }

    #[tokio::test]
    async fn a_cancellation_stops_what_does_not_survive_it() {
        let (sender, signals) = watch::channel(Signals::default());
        let reason = "stopped by hand".to_owned();
        let cancel = gantry_protocol::CancelRequest { reason, timed_out: false };
        sender.send_modify(|signals| signals.cancel = Some(cancel));
        assert_eq!(stop(signals.clone()).told().await, StopReason::Cancelled);
        let mut surviving = stop(signals).before(Some(Instant::now()), 0);
        surviving.survives_cancel_for = Some(Duration::from_secs(300));
        assert_eq!(surviving.told().await, StopReason::TimedOut);
    }
}
