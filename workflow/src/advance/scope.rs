//! The jobs of one file within a run, and what they see of each other.
//!
//! Decides nothing. Invariant: a job's needs, its `if` and its status functions never look outside
//! of its own scope.

use super::needs;
use super::state::{Conclusion, JobState, RunState};
use crate::expr::{Object, Value};
use crate::model::{JobId, Workflow};
use crate::plan::RunPlan;

/// Why a job is cancelled when the run is, where nobody gave a reason.
const RUN_CANCELLED: &str = "the run was cancelled";

/// The jobs of one file within a run at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    plan: &'a RunPlan,
    pub(super) state: &'a RunState,
    pub(super) workflow: &'a Workflow,
}

impl<'a> Scope<'a> {
    /// The jobs of the run's own file.
    pub(super) fn of_run(plan: &'a RunPlan, state: &'a RunState) -> Self {
        Self { plan, state, workflow: &plan.workflow }
    }

    /// What the state of the run calls the job `id` of this file.
    pub(super) fn key(&self, id: &JobId) -> JobId {
        id.clone()
    }

    pub(super) fn job_state(&self, id: &JobId) -> Option<&'a JobState> {
        self.state.jobs.get(&self.key(id))
    }

    /// The concurrency group that the run as a whole holds or waits for.
    pub(super) fn own_group(&self) -> Option<&'a str> {
        self.plan.concurrency.as_ref().map(|slot| slot.group.as_str())
    }

    /// The result of a job of this file once it has ended.
    pub(super) fn result(&self, id: &JobId) -> Option<Conclusion> {
        needs::job_result(self.state, &self.key(id))
    }

    /// The contexts that do not depend on a job.
    pub(super) fn contexts(&self) -> Object {
        self.plan.contexts.to_object()
    }

    /// The ref that the run is for.
    pub(super) fn git_ref(&self) -> &'a str {
        let Value::Object(github) = &self.plan.contexts.github else { return "" };
        match github.get("ref") {
            Some(Value::String(name)) => name,
            _ => "",
        }
    }

    /// Why these jobs shall end, if somebody asked for it.
    pub(super) fn cancelled(&self) -> Option<&'a str> {
        self.state
            .cancel_requested
            .then(|| self.state.cancel_reason.as_deref().unwrap_or(RUN_CANCELLED))
    }
}
