//! Whether a job runs, by its `if`, and if not, why not (`semantics` 2.10 and 4.2).
//!
//! Asked only once all needs have ended. Does not create anything.

use super::needs::{ancestors, contexts_of, job_result, status_view};
use super::state::{Conclusion, RunState};
use crate::diagnostic::Position;
use crate::expr::{Environment, EvalError, Object, StatusView};
use crate::model::{Job, JobId};
use crate::plan::RunPlan;
use crate::plan::slot::SlotError;

/// Why a leg or a job is cancelled when the run is.
pub(super) fn cancel_reason(state: &RunState) -> &str {
    state.cancel_reason.as_deref().unwrap_or("the run was cancelled")
}

/// What the `if` of a job says.
pub(super) enum Decision {
    Run,
    /// With the reason in words.
    Skip(String),
    /// It would run if the run were not cancelled.
    Cancel,
    /// The `if` cannot be evaluated; with GitHub's text.
    Fail(String),
}

/// Evaluates the `if` of a job whose needs have ended.
pub(super) fn decide(plan: &RunPlan, state: &RunState, job: &Job) -> Decision {
    let contexts = contexts_of(plan, state, job);
    let status = status_view(plan, state, job, state.cancel_requested);
    match holds(job, &contexts, &status) {
        Ok(true) => Decision::Run,
        Err(error) => {
            let error = SlotError { key: "if", position: job.position, message: error.message };
            Decision::Fail(error_text(plan, job, &error))
        }
        Ok(false) => {
            let uncancelled = status_view(plan, state, job, false);
            match holds(job, &contexts, &uncancelled) {
                Ok(true) => Decision::Cancel,
                _ => Decision::Skip(skip_reason(plan, state, job, &contexts)),
            }
        }
    }
}

/// Whether a job goes on although the run is cancelled.
pub(super) fn survives_cancellation(plan: &RunPlan, state: &RunState, job: &Job) -> bool {
    let contexts = contexts_of(plan, state, job);
    holds(job, &contexts, &status_view(plan, state, job, true)).unwrap_or(false)
}

/// GitHub's text for a key that cannot be evaluated.
pub(super) fn error_text(plan: &RunPlan, job: &Job, error: &SlotError) -> String {
    let SlotError { key, position: Position { line, column }, message } = error;
    let file = &plan.workflow.path;
    format!(
        "Error when evaluating '{key}' for job '{}'. {file} (Line: {line}, Col: {column}): {message}",
        job.id
    )
}

fn holds(job: &Job, contexts: &Object, status: &StatusView) -> Result<bool, EvalError> {
    let environment = Environment { contexts, status, hash_files: None };
    Ok(job.condition.evaluate(&environment)?.truthy())
}

/// Blames the needs when the `if` would hold with all of them successful, else the `if` itself.
fn skip_reason(plan: &RunPlan, state: &RunState, job: &Job, contexts: &Object) -> String {
    let all_well = StatusView { success: true, ..status_view(plan, state, job, false) };
    let needs_are_to_blame = holds(job, contexts, &all_well).unwrap_or(false);
    match blamed(plan, state, job) {
        Some(reason) if needs_are_to_blame => reason,
        _ => format!("`if` is false: `{}`", written(job.condition.text())),
    }
}

/// The needs that did not succeed, or else the first such ancestor.
fn blamed(plan: &RunPlan, state: &RunState, job: &Job) -> Option<String> {
    let direct: Vec<String> = job.needs.iter().filter_map(|id| fate(state, id)).collect();
    if !direct.is_empty() {
        return Some(format!("needs {}", direct.join(", ")));
    }
    ancestors(plan, job)
        .iter()
        .find_map(|id| fate(state, id))
        .map(|fate| format!("{fate}, and the jobs it needs depend on it"))
}

/// "`a` failed" for a job that did not succeed.
fn fate(state: &RunState, job: &JobId) -> Option<String> {
    let words = match job_result(state, job)? {
        Conclusion::Success => return None,
        Conclusion::Cancelled => "was cancelled",
        Conclusion::Skipped => "was skipped",
        _ => "failed",
    };
    Some(format!("`{job}` {words}"))
}

/// The condition without the `success() && (...)` that the reader put around it.
fn written(condition: &str) -> &str {
    condition
        .strip_prefix("success() && (")
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or(condition)
}
