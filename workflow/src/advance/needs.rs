//! What a job sees of the jobs before it: results, outputs and the status functions
//! (`semantics` 4.3).
//!
//! Does not decide whether a job runs. Invariant: `success()` looks at all ancestors, not only at
//! the direct needs.

use std::collections::BTreeMap;

use super::machine::worst_of;
use super::scope::Scope;
use super::state::{Conclusion, JobState, LegState, LegStatus, RunState};
use crate::expr::{Object, StatusView, Value};
use crate::model::{Job, JobId, Workflow};

/// The `needs` context of `job`: `{"<id>": {"result": "...", "outputs": {...}}}`.
#[must_use]
pub fn needs_context(scope: &Scope<'_>, job: &Job) -> Value {
    Value::object(job.needs.iter().filter_map(|need| {
        let result = scope.result(need)?;
        let entry = Value::object([
            ("result".to_owned(), Value::string(result.as_str())),
            ("outputs".to_owned(), outputs_of(scope.job_state(need))),
        ]);
        Some((need.0.clone(), entry))
    }))
}

/// The result (`success`, `failure`, `cancelled`, `skipped`) of a finished job as its dependents
/// see it; `None` while any leg is unfinished.
#[must_use]
pub fn job_result(state: &RunState, job: &JobId) -> Option<Conclusion> {
    result_of_state(state.jobs.get(job)?)
}

pub(super) fn result_of_state(state: &JobState) -> Option<Conclusion> {
    match state {
        JobState::Blocked => None,
        JobState::Ended(conclusion) => Some(result_of(*conclusion)),
        JobState::Expanded { legs, .. } => {
            let results = legs.iter().map(leg_result).collect::<Option<Vec<_>>>()?;
            Some(worst_of(&results))
        }
    }
}

/// The result of a finished leg, after `continue-on-error`.
pub(super) fn leg_result(leg: &LegState) -> Option<Conclusion> {
    let LegStatus::Completed(conclusion) = leg.status else { return None };
    match result_of(conclusion) {
        Conclusion::Failure if leg.continue_on_error => Some(Conclusion::Success),
        result => Some(result),
    }
}

/// One of the four results for any conclusion.
fn result_of(conclusion: Conclusion) -> Conclusion {
    match conclusion {
        Conclusion::Success | Conclusion::Neutral => Conclusion::Success,
        Conclusion::Cancelled => Conclusion::Cancelled,
        Conclusion::Skipped => Conclusion::Skipped,
        Conclusion::Failure
        | Conclusion::TimedOut
        | Conclusion::ActionRequired
        | Conclusion::Stale
        | Conclusion::StartupFailure => Conclusion::Failure,
    }
}

/// All legs write into one map, in the order in which they completed; the last one wins.
pub(super) fn outputs_of(state: Option<&JobState>) -> Value {
    let Some(JobState::Expanded { legs, .. }) = state else {
        return Value::object([]);
    };
    let mut by_completion: Vec<&LegState> = legs.iter().collect();
    by_completion.sort_by_key(|leg| leg.completed_order);
    let merged: BTreeMap<&String, &String> = by_completion
        .into_iter()
        .flat_map(|leg| leg.outputs.iter())
        .filter(|(_, value)| !value.is_empty())
        .collect();
    Value::object(
        merged.into_iter().map(|(name, value)| (name.clone(), Value::string(value.as_str()))),
    )
}

/// The contexts that an `if` and a `strategy` read.
pub(super) fn contexts_of(scope: &Scope<'_>, job: &Job) -> Object {
    let mut contexts = scope.contexts();
    contexts.entries.insert("needs".to_owned(), needs_context(scope, job));
    contexts
}

/// What the status functions answer in the `if` of `job`. In a cancelled run neither `success()`
/// nor `failure()` holds, so that only `always()` and `cancelled()` go on.
pub(super) fn status_view(scope: &Scope<'_>, job: &Job, cancelled: bool) -> StatusView {
    let ancestors: Vec<Option<Conclusion>> =
        ancestors(scope.workflow, job).iter().map(|id| scope.result(id)).collect();
    StatusView {
        success: !cancelled && ancestors.iter().all(|r| *r == Some(Conclusion::Success)),
        failure: !cancelled && ancestors.contains(&Some(Conclusion::Failure)),
        cancelled,
        results: scope
            .workflow
            .jobs
            .iter()
            .filter_map(|other| {
                let result = scope.result(&other.id)?;
                Some((other.id.0.clone(), result.as_str().to_owned()))
            })
            .collect(),
    }
}

/// All jobs that must end before `job`, nearest first.
pub(super) fn ancestors(workflow: &Workflow, job: &Job) -> Vec<JobId> {
    let mut found: Vec<JobId> = Vec::new();
    let mut to_visit: Vec<&JobId> = job.needs.iter().collect();
    let mut at = 0;
    while let Some(id) = to_visit.get(at).copied() {
        at += 1;
        if found.contains(id) {
            continue;
        }
        found.push(id.clone());
        if let Some(ancestor) = workflow.job(id) {
            to_visit.extend(&ancestor.needs);
        }
    }
    found
}
