//! What runs again in a further attempt, and what keeps its result (`semantics` 4.8).
//!
//! Does not make the attempt. Invariant: whatever depends on a job that runs again runs again.

use std::collections::{BTreeMap, BTreeSet};

use super::scope::Scope;
use super::state::{Conclusion, JobState, LegKey, LegStatus, RunState};
use super::transition::NewJob;
use crate::model::{Job, JobId};
use crate::plan::RunPlan;

/// What somebody wants to run again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rerun {
    All,
    /// What failed or was cancelled, and what depends on it.
    Failed,
    /// One leg, and what depends on its job.
    Leg(LegKey),
}

/// What becomes of a job in the next attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It keeps result and outputs.
    Keep,
    /// It begins anew, with its `if` and its matrix.
    Again,
    /// Some legs run again with the matrix they had; the others keep results and outputs.
    Legs(Legs),
}

/// The legs of a job of which not all run again as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Legs {
    pub again: BTreeSet<u32>,
    /// Legs that enter their call again: some of what they call runs again, and some is kept.
    pub within: BTreeSet<u32>,
}

/// The fate of every job, in the order of the files; those that a leg calls follow its job if only
/// some of them run again. Nothing runs again when all are kept.
#[must_use]
pub fn rerun(plan: &RunPlan, ended: &RunState, wanted: &Rerun) -> Vec<(NewJob, Fate)> {
    of_scope(&Scope::of_run(plan, ended), wanted)
}

fn of_scope(scope: &Scope<'_>, wanted: &Rerun) -> Vec<(NewJob, Fate)> {
    let jobs = &scope.workflow.jobs;
    let of_itself = |job| of_itself(scope, job, wanted);
    let mut fates: BTreeMap<JobId, Fate> =
        jobs.iter().map(|job| (job.id.clone(), of_itself(job))).collect();
    while let Some(job) = jobs.iter().find(|job| is_drawn_in(job, &fates)) {
        fates.insert(job.id.clone(), Fate::Again);
    }
    let mut all = Vec::new();
    for (job, new_job) in jobs.iter().zip(scope.new_jobs()) {
        let fate = fates.remove(&job.id).unwrap_or(Fate::Again);
        let within = match &fate {
            Fate::Legs(legs) => legs.within.clone(),
            Fate::Keep | Fate::Again => BTreeSet::new(),
        };
        all.push((new_job, fate));
        let called = within.into_iter().filter_map(|leg| scope.called_by(job, leg));
        all.extend(called.flat_map(|called| of_scope(&called, wanted)));
    }
    all
}

/// A job that keeps its result although one that it needs does not.
fn is_drawn_in(job: &Job, fates: &BTreeMap<JobId, Fate>) -> bool {
    let changes = |need| fates.get(need).is_some_and(|fate| *fate != Fate::Keep);
    fates.get(&job.id) != Some(&Fate::Again) && job.needs.iter().any(changes)
}

/// The fate of a job before what it needs is looked at.
fn of_itself(scope: &Scope<'_>, job: &Job, wanted: &Rerun) -> Fate {
    let leg = |leg| LegKey { job: scope.key(&job.id), leg };
    match scope.job_state(&job.id) {
        None | Some(JobState::Blocked) => Fate::Again,
        Some(JobState::Ended(conclusion)) if is_wanted(&leg(0), Some(*conclusion), wanted) => {
            Fate::Again
        }
        Some(JobState::Ended(_)) => Fate::Keep,
        Some(JobState::Expanded { legs, .. }) => {
            let mut some = Legs::default();
            for (number, state) in (0..).zip(legs) {
                if is_wanted_within(scope, (job, &leg(number)), wanted) {
                    some.within.insert(number);
                } else if is_wanted(&leg(number), conclusion_of(state.status), wanted) {
                    some.again.insert(number);
                }
            }
            match (some.again.len(), some.within.len()) {
                (0, 0) => Fate::Keep,
                (all, _) if all == legs.len() => Fate::Again,
                _ => Fate::Legs(some),
            }
        }
    }
}

/// Whether the leg is wanted, as a whole or in part.
fn is_wanted(leg: &LegKey, conclusion: Option<Conclusion>, wanted: &Rerun) -> bool {
    match wanted {
        Rerun::All => true,
        Rerun::Failed => conclusion.is_some_and(is_failed),
        Rerun::Leg(wanted) => wanted == leg || calls(leg, wanted),
    }
}

/// Whether what is wanted of the leg is a part of what it calls.
fn is_wanted_within(scope: &Scope<'_>, (job, leg): (&Job, &LegKey), wanted: &Rerun) -> bool {
    let Some(called) = scope.called_by(job, leg.leg) else { return false };
    // A leg may have ended before its call, or failed by itself.
    let has_run = called.workflow.jobs.iter().all(|job| called.result(&job.id).is_some());
    has_run
        && match wanted {
            Rerun::All => false,
            Rerun::Failed => of_scope(&called, wanted).iter().any(|(_, fate)| *fate != Fate::Keep),
            Rerun::Leg(wanted) => calls(leg, wanted),
        }
}

/// Whether `called` is among what `leg` calls.
fn calls(leg: &LegKey, called: &LegKey) -> bool {
    called.job.as_str().starts_with(&format!("{}/{}/", leg.job, leg.leg))
}

fn conclusion_of(status: LegStatus) -> Option<Conclusion> {
    match status {
        LegStatus::Completed(conclusion) => Some(conclusion),
        LegStatus::Pending | LegStatus::Waiting | LegStatus::Queued | LegStatus::InProgress => None,
    }
}

/// The conclusion itself counts, also where `continue-on-error` hides it from dependents.
fn is_failed(conclusion: Conclusion) -> bool {
    match conclusion {
        Conclusion::Success | Conclusion::Skipped | Conclusion::Neutral => false,
        Conclusion::Failure
        | Conclusion::Cancelled
        | Conclusion::TimedOut
        | Conclusion::ActionRequired
        | Conclusion::Stale
        | Conclusion::StartupFailure => true,
    }
}
