//! From a checked workflow and an event to a plan: what a run will be asked to do.
//!
//! Matrices whose values wait for other jobs are expanded later, by [`crate::advance`].

mod run_plan;

pub use run_plan::{ConcurrencySlot, PLAN_FORMAT, RunContexts, RunPlan};

use crate::diagnostic::Diagnostic;
use crate::model::Workflow;

/// Fixes what a run will be asked to do. `default_title` is used where the file has no `run-name`.
///
/// # Errors
/// Diagnostics when `run-name` or `concurrency` cannot be evaluated, or when the file uses
/// something no run can honour yet.
pub fn plan(
    workflow: Workflow,
    contexts: RunContexts,
    default_title: &str,
) -> Result<RunPlan, Vec<Diagnostic>> {
    let _ = (workflow, contexts, default_title);
    todo!()
}
