//! Calling jobs: a leg enters what it calls, and leaves it when all called jobs have ended
//! (`semantics` 4.7).
//!
//! Invariant: a leg ends with what its called jobs ended with, and never before them.

use std::collections::BTreeMap;

use super::cancel;
use super::condition::error_text;
use super::machine::{end, worst_of};
use super::needs::outputs_of;
use super::scope::Scope;
use super::state::{Conclusion, JobState, LegKey, LegState, LegStatus};
use super::transition::Transition;
use crate::expr::{Environment, StatusView, Value};
use crate::model::{Job, JobId};
use crate::plan::slot::Slot;

/// What a leg of a calling job is at this moment.
pub(super) fn is_entered(leg: &LegState) -> bool {
    leg.call.is_some() && leg.status == LegStatus::InProgress
}

/// The leg enters what it calls. In a further attempt some of it may be there: what is kept, and
/// what runs again beside it.
pub(super) fn enter(scope: &Scope<'_>, job: &Job, leg: LegKey) -> Transition {
    let called = scope.called_by(job, leg.leg);
    let mut jobs = called.map(|called| called.new_jobs()).unwrap_or_default();
    jobs.retain(|job| !scope.state.jobs.contains_key(&job.key));
    Transition::Enter { leg, jobs }
}

/// The ends of the called jobs that are there although their leg has ended before it entered them.
pub(super) fn never_entered(called: &Scope<'_>, reason: &str) -> Vec<Transition> {
    let cancelled = (Conclusion::Cancelled, reason);
    let jobs = called.workflow.jobs.iter();
    jobs.flat_map(|job| match called.job_state(&job.id) {
        None | Some(JobState::Ended(_)) => Vec::new(),
        Some(JobState::Blocked) => vec![end(called, job, cancelled)],
        Some(JobState::Expanded { legs, .. }) => (0_u32..)
            .zip(legs)
            .filter_map(|(number, leg)| {
                cancel::cancel(LegKey { job: called.key(&job.id), leg: number }, leg, reason)
            })
            .collect(),
    })
    .collect()
}

/// The legs of a job that have entered what they call.
pub(super) fn entered(key: &JobId, state: Option<&JobState>) -> Vec<LegKey> {
    let Some(JobState::Expanded { legs, .. }) = state else { return Vec::new() };
    let entered = (0_u32..).zip(legs).filter(|(_, leg)| is_entered(leg));
    entered.map(|(leg, _)| LegKey { job: key.clone(), leg }).collect()
}

/// The ends of the calling legs of `job` whose called jobs have all ended.
pub(super) fn leave(scope: &Scope<'_>, job: &Job) -> Vec<Transition> {
    entered(&scope.key(&job.id), scope.job_state(&job.id))
        .into_iter()
        .filter_map(|leg| {
            let called = scope.called_by(job, leg.leg)?;
            let jobs = called.workflow.jobs.iter();
            let results = jobs.map(|job| called.result(&job.id)).collect::<Option<Vec<_>>>()?;
            Some(match outputs(&called) {
                Ok(outputs) => {
                    let conclusion = worst_of(&results);
                    Transition::Leave { leg, conclusion, outputs, reason: None }
                }
                Err(reason) => Transition::Leave {
                    leg,
                    conclusion: Conclusion::Failure,
                    outputs: BTreeMap::new(),
                    reason: Some(reason),
                },
            })
        })
        .collect()
}

/// What the called file hands back; empty values are left out, as those of a job are.
fn outputs(called: &Scope<'_>) -> Result<BTreeMap<String, String>, String> {
    let Some(declared) = called.workflow.call().filter(|call| !call.outputs.is_empty()) else {
        return Ok(BTreeMap::new());
    };
    let mut contexts = called.contexts();
    contexts.entries.insert("jobs".to_owned(), jobs_context(called));
    let status = StatusView::default();
    let environment = Environment { contexts: &contexts, status: &status, hash_files: None };
    let mut outputs = BTreeMap::new();
    for (name, token) in &declared.outputs {
        let value = Slot::new("outputs", token).text(&environment);
        let value = value.map_err(|error| error_text(called, None, &error))?;
        if !value.is_empty() {
            outputs.insert(name.clone(), value);
        }
    }
    Ok(outputs)
}

/// The `jobs` context: `{"<id>": {"result": "...", "outputs": {...}}}`.
fn jobs_context(called: &Scope<'_>) -> Value {
    Value::object(called.workflow.jobs.iter().filter_map(|job| {
        let entry = Value::object([
            ("result".to_owned(), Value::string(called.result(&job.id)?.as_str())),
            ("outputs".to_owned(), outputs_of(called.job_state(&job.id))),
        ]);
        Some((job.id.0.clone(), entry))
    }))
}
