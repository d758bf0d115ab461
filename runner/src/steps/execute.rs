//! A step that is to run, by what it does.

use gantry_protocol::Conclusion;
use gantry_workflow::model::{Step, StepKind};

use super::action;
use super::control;
use super::process::Stop;
use super::run::{self, RunStep};
use super::stage::Stage;
use crate::execution::{RunningJob, Scope};
use crate::infra_error::InfraError;
use crate::output::{Effects, StepLog};

/// Where a step stands and what bounds it.
#[derive(Clone, Debug)]
pub(crate) struct StepPlace<'a> {
    /// Name of its process: `4`, or `4.1` within an action.
    pub(crate) process: String,
    /// What its state is kept under: `2`, or `2.0` within an action, the same in all stages.
    pub(crate) key: String,
    pub(crate) stage: Stage,
    pub(crate) scope: &'a Scope,
    pub(crate) stop: Stop,
    /// For messages.
    pub(crate) name: String,
    pub(crate) timeout_minutes: u64,
    /// Composite actions around the step.
    pub(crate) depth: usize,
}

/// How a step ended, before `continue-on-error`.
#[derive(Debug)]
pub(crate) struct StepEnd {
    pub(crate) outcome: Conclusion,
    pub(crate) effects: Effects,
}

impl StepEnd {
    pub(crate) fn failure() -> Self {
        Self { outcome: Conclusion::Failure, effects: Effects::default() }
    }

    pub(crate) fn success() -> Self {
        Self { outcome: Conclusion::Success, effects: Effects::default() }
    }
}

/// Runs a step. An error is the runner's; what goes wrong in the step is a failure.
pub(crate) async fn execute(
    job: &mut RunningJob,
    step: &Step,
    place: &StepPlace<'_>,
    log: &mut StepLog,
) -> Result<StepEnd, InfraError> {
    match &step.kind {
        StepKind::Run { script, shell, working_directory } => {
            let step = RunStep {
                script,
                shell: shell.as_ref(),
                working_directory: working_directory.as_ref(),
            };
            run::run(job, step, place, log).await
        }
        StepKind::Uses { uses, with } => action::run(job, (uses, with.as_ref()), place, log).await,
        StepKind::Wait { steps } => control::wait(job, steps, log).await,
        StepKind::WaitAll => control::wait_for_all(job, log).await,
        StepKind::Cancel { step } => control::cancel(job, step, log).await,
        StepKind::Parallel { .. } => {
            log.error("Steps run in parallel only as steps of a job.");
            Ok(StepEnd::failure())
        }
    }
}
