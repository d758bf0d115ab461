//! Everything the language has and Gantry does not honour yet: one function each.
//!
//! A warning where the run does the same without it or the job fails and says why, an error where
//! it would do something else.
//! Invariant: each message says what happens, at the place that asks for it.

use crate::diagnostic::{Diagnostics, Position};

const CODE: &str = "not-supported-yet";

pub(super) fn permissions(diagnostics: &mut Diagnostics, position: Position) {
    let message = "`permissions` has no effect yet: jobs get no token of their own";
    diagnostics.warn(position, CODE, message);
}

pub(super) fn workflow_call(diagnostics: &mut Diagnostics, position: Position) {
    let message = "`workflow_call` has no effect yet: no other workflow can call this one";
    diagnostics.warn(position, CODE, message);
}

pub(super) fn call_job(diagnostics: &mut Diagnostics, position: Position) {
    error(diagnostics, position, "Calling a reusable workflow (`uses` of a job)");
}

fn error(diagnostics: &mut Diagnostics, position: Position, what: &str) {
    diagnostics.error(Some(position), CODE, format!("{what} is not supported yet"));
}
