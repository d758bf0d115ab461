//! A step that is to run, by what it does.

use gantry_protocol::Conclusion;
use gantry_workflow::model::{Step, StepKind, Uses};

use super::process::Stop;
use super::run::{self, RunStep};
use super::unsupported::unsupported;
use super::{checkout, composite};
use crate::actions;
use crate::execution::{RunningJob, Scope, uses_text};
use crate::infra_error::InfraError;
use crate::output::{Effects, StepLog};

/// Where a step stands and what bounds it.
#[derive(Clone, Debug)]
pub(crate) struct StepPlace<'a> {
    /// Name of its process: `4`, or `4.1` within an action.
    pub(crate) process: String,
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
        StepKind::Uses { uses: Uses::Docker { image }, .. } => {
            log.error(&format!("`docker://{image}` is not supported yet by this runner."));
            Ok(StepEnd::failure())
        }
        StepKind::Uses { uses: Uses::SelfRepository { .. }, .. }
        | StepKind::Wait { .. }
        | StepKind::WaitAll
        | StepKind::Cancel { .. }
        | StepKind::Parallel { .. } => {
            log.error(&unsupported(step).unwrap_or_default());
            Ok(StepEnd::failure())
        }
        StepKind::Uses { uses, with } => {
            log.line(&format!("##[group]Run {}", uses_text(uses)));
            match actions::inputs(job, place.scope, with.as_ref()) {
                Ok(inputs) if actions::is_checkout(uses) => {
                    Ok(checkout::run(job, &inputs, place, log).await)
                }
                Ok(inputs) => Box::pin(composite::run(job, (uses, &inputs), place, log)).await,
                Err(message) => {
                    log.line("##[endgroup]");
                    log.error(&message);
                    Ok(StepEnd::failure())
                }
            }
        }
    }
}
