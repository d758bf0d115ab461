//! Whether a job runs, by its `if`, and if not, why not (`semantics` 2.10 and 4.2).
//!
//! Asked only once all needs have ended. Does not create anything.

use super::needs::{ancestors, contexts_of, status_view};
use super::scope::Scope;
use super::state::Conclusion;
use crate::diagnostic::Position;
use crate::expr::{Environment, EvalError, Object, StatusView};
use crate::model::{Job, JobId};
use crate::plan::slot::SlotError;

/// What the `if` of a job says.
pub(super) enum Decision {
    Run,
    /// With the reason in words.
    Skip(String),
    /// It would run if nothing were cancelled; with the reason of that.
    Cancel(String),
    /// The `if` cannot be evaluated; with GitHub's text.
    Fail(String),
}

/// Evaluates the `if` of a job whose needs have ended.
pub(super) fn decide(scope: &Scope<'_>, job: &Job) -> Decision {
    let contexts = contexts_of(scope, job);
    let status = status_view(scope, job, scope.cancelled().is_some());
    match holds(job, &contexts, &status) {
        Ok(true) => Decision::Run,
        Err(error) => {
            let error = SlotError { key: "if", position: job.position, message: error.message };
            Decision::Fail(error_text(scope, Some(job), &error))
        }
        Ok(false) => {
            let uncancelled = status_view(scope, job, false);
            match (holds(job, &contexts, &uncancelled), scope.cancelled()) {
                (Ok(true), Some(reason)) => Decision::Cancel(reason.to_owned()),
                _ => Decision::Skip(skip_reason(scope, job, &contexts)),
            }
        }
    }
}

/// Whether a job goes on although the run is cancelled.
pub(super) fn survives_cancellation(scope: &Scope<'_>, job: &Job) -> bool {
    let contexts = contexts_of(scope, job);
    holds(job, &contexts, &status_view(scope, job, true)).unwrap_or(false)
}

/// GitHub's text for a key that cannot be evaluated.
pub(super) fn error_text(scope: &Scope<'_>, job: Option<&Job>, error: &SlotError) -> String {
    let SlotError { key, position: Position { line, column }, message } = error;
    let file = &scope.workflow.path;
    let job = job.map(|job| format!(" for job '{}'", job.id)).unwrap_or_default();
    format!("Error when evaluating '{key}'{job}. {file} (Line: {line}, Col: {column}): {message}")
}

fn holds(job: &Job, contexts: &Object, status: &StatusView) -> Result<bool, EvalError> {
    let environment = Environment { contexts, status, hash_files: None };
    Ok(job.condition.evaluate(&environment)?.truthy())
}

/// Blames the needs when the `if` would hold with all of them successful, else the `if` itself.
fn skip_reason(scope: &Scope<'_>, job: &Job, contexts: &Object) -> String {
    let all_well = StatusView { success: true, ..status_view(scope, job, false) };
    let needs_are_to_blame = holds(job, contexts, &all_well).unwrap_or(false);
    match blamed(scope, job) {
        Some(reason) if needs_are_to_blame => reason,
        _ => format!("`if` is false: `{}`", written(job.condition.text())),
    }
}

/// The needs that did not succeed, or else the first such ancestor.
fn blamed(scope: &Scope<'_>, job: &Job) -> Option<String> {
    let direct: Vec<String> = job.needs.iter().filter_map(|id| fate(scope, id)).collect();
    if !direct.is_empty() {
        return Some(format!("needs {}", direct.join(", ")));
    }
    ancestors(scope.workflow, job)
        .iter()
        .find_map(|id| fate(scope, id))
        .map(|fate| format!("{fate}, and the jobs it needs depend on it"))
}

/// "`a` failed" for a job that did not succeed.
fn fate(scope: &Scope<'_>, job: &JobId) -> Option<String> {
    let words = match scope.result(job)? {
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
