//! Everything the language has and Gantry does not honour yet: one function each.
//!
//! A warning where the run does the same without it or the job fails and says why, an error where
//! it would do something else.
//! Invariant: each message says what happens, at the place that asks for it.

use crate::diagnostic::{Diagnostics, Position};
use crate::model::{Step, StepKind};

const CODE: &str = "not-supported-yet";

pub(super) fn permissions(diagnostics: &mut Diagnostics, position: Position) {
    let message = "`permissions` has no effect yet: jobs get no token of their own";
    diagnostics.warn(position, CODE, message);
}

pub(super) fn event_key(diagnostics: &mut Diagnostics, position: Position, key: &str) {
    diagnostics.warn(position, CODE, format!("The filter `{key}` has no effect yet"));
}

pub(super) fn workflow_call(diagnostics: &mut Diagnostics, position: Position) {
    let message = "`workflow_call` has no effect yet: no other workflow can call this one";
    diagnostics.warn(position, CODE, message);
}

pub(super) fn call_job(diagnostics: &mut Diagnostics, position: Position) {
    error(diagnostics, position, "Calling a reusable workflow (`uses` of a job)");
}

pub(super) fn snapshot(diagnostics: &mut Diagnostics, position: Position) {
    let message = "`snapshot` has no effect: images of jobs are not kept";
    diagnostics.warn(position, CODE, message);
}

/// Steps that the runner does not know yet: it fails such a job before its first step.
pub(super) fn step(diagnostics: &mut Diagnostics, step: &Step) {
    let what = match &step.kind {
        _ if step.background => "A step in the `background`",
        StepKind::Run { .. } | StepKind::Uses { .. } => return,
        StepKind::Wait { .. } => "A `wait` step",
        StepKind::WaitAll => "A `wait-all` step",
        StepKind::Cancel { .. } => "A `cancel` step",
        StepKind::Parallel { .. } => "A `parallel` step",
    };
    let message = format!("{what} is not supported yet: the job fails when it is set up");
    diagnostics.warn(step.position, CODE, message);
}

fn error(diagnostics: &mut Diagnostics, position: Position, what: &str) {
    diagnostics.error(Some(position), CODE, format!("{what} is not supported yet"));
}
