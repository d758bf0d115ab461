//! What steps of built-in actions for artifacts and caches have in common.
//!
//! Invariant: a step that is stopped keeps no process in the job's container.

use std::future::Future;

use gantry_protocol::Conclusion;
use indexmap::IndexMap;

use super::execute::{StepEnd, StepPlace};
use super::process::StopReason;
use crate::execution::RunningJob;
use crate::output::StepLog;
use crate::store::{StoreClient, store_client};

/// What a step made.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) outputs: IndexMap<String, String>,
    /// For the post stage of the same step.
    pub(super) state: IndexMap<String, String>,
}

impl Made {
    pub(super) fn output(&mut self, name: &str, value: impl Into<String>) {
        self.outputs.insert(name.to_owned(), value.into());
    }

    pub(super) fn state(&mut self, name: &str, value: impl Into<String>) {
        self.state.insert(name.to_owned(), value.into());
    }
}

/// How the work of a step ended, or that it was stopped before; the reason for an end is in the log.
pub(super) async fn unless_stopped(
    place: &StepPlace<'_>,
    work: impl Future<Output = Result<Made, String>>,
) -> Result<Result<Made, String>, StopReason> {
    tokio::select! {
        made = work => Ok(made),
        reason = place.stop.told() => Err(reason),
    }
}

/// Says how a step ended.
pub(super) fn end(
    made: Result<Result<Made, String>, StopReason>,
    place: &StepPlace<'_>,
    log: &mut StepLog,
) -> StepEnd {
    match made {
        Ok(Ok(made)) => {
            let mut end = StepEnd::success();
            end.effects.outputs = made.outputs;
            end.effects.state = made.state;
            end
        }
        Ok(Err(message)) => {
            message.lines().for_each(|line| log.error(line));
            StepEnd::failure()
        }
        Err(StopReason::Cancelled) => {
            log.error("The operation was canceled.");
            StepEnd { outcome: Conclusion::Cancelled, ..StepEnd::failure() }
        }
        Err(StopReason::TimedOut) => {
            let (name, minutes) = (&place.name, place.timeout_minutes);
            log.error(&format!("The action '{name}' has timed out after {minutes} minutes."));
            StepEnd::failure()
        }
    }
}

/// The job's store.
pub(super) fn store(job: &RunningJob) -> Result<StoreClient, String> {
    store_client(job)?.ok_or_else(|| {
        "this run has no store for artifacts and caches: it was started by `gantry run`, and only runs \
         of a server have one"
            .to_owned()
    })
}

/// The home of the job's user, as `~` means it.
pub(super) fn home(job: &RunningJob, place: &StepPlace<'_>) -> String {
    place.scope.environment.get("HOME").cloned().unwrap_or_else(|| job.paths.home.clone())
}

/// A path of the job, from the workspace on.
pub(super) fn resolved(job: &RunningJob, place: &StepPlace<'_>, path: &str) -> String {
    let search = crate::store::Search::new(path, &job.workspace(), &home(job, place));
    search.roots().into_iter().next().unwrap_or_else(|| job.workspace())
}
