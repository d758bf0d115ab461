//! The run's state machine: `advance(plan, state, now)` decides, and nothing else does.
//!
//! Applies nothing: the server writes transitions in a transaction, `gantry run` in memory.
//! Invariants: nothing runs before its needs; every leg gets exactly one conclusion; the order in
//! which jobs complete does not change any conclusion.

mod state;
mod transition;

pub use state::{Conclusion, JobState, LegKey, LegState, LegStatus, Protection, Review, RunState};
pub use transition::{NewLeg, Transition};

use chrono::{DateTime, Utc};

use crate::expr::Value;
use crate::model::{Job, JobId};
use crate::plan::RunPlan;

/// Everything that must happen now, in the order in which it must be applied. Empty: nothing to do.
#[must_use]
pub fn advance(plan: &RunPlan, state: &RunState, now: DateTime<Utc>) -> Vec<Transition> {
    let _ = (plan, state, now);
    todo!()
}

/// The `needs` context of `job`: `{"<id>": {"result": "...", "outputs": {...}}}`.
#[must_use]
pub fn needs_context(plan: &RunPlan, state: &RunState, job: &Job) -> Value {
    let _ = (plan, state, job);
    todo!()
}

/// The result (`success`, `failure`, `cancelled`, `skipped`) of a finished job as its dependents
/// see it; `None` while any leg is unfinished.
#[must_use]
pub fn job_result(state: &RunState, job: &JobId) -> Option<Conclusion> {
    let _ = (state, job);
    todo!()
}
