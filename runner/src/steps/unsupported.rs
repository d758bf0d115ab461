//! Kinds of steps that this runner does not know yet.
//!
//! Invariant: a job with such a step fails before its first step, and says why; nothing is left out
//! or done in another way.

use gantry_workflow::model::{Step, StepKind};

/// The message for a step of such a kind.
pub(crate) fn unsupported(step: &Step) -> Option<String> {
    let what = match &step.kind {
        _ if step.background => "A step in the `background`",
        StepKind::Run { .. } | StepKind::Uses { .. } => return None,
        StepKind::Wait { .. } => "A `wait` step",
        StepKind::WaitAll => "A `wait-all` step",
        StepKind::Cancel { .. } => "A `cancel` step",
        StepKind::Parallel { .. } => "A `parallel` step",
    };
    Some(format!("{what} is not supported yet by this runner."))
}
