//! What runs again in a further attempt, and what keeps its result (`semantics` 4.8).
//!
//! Does not make the attempt. Invariant: whatever depends on a job that runs again runs again.

use std::collections::{BTreeMap, BTreeSet};

use super::state::{Conclusion, JobState, LegKey, LegStatus, RunState};
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
    /// These legs run again with the matrix they had; the others keep results and outputs.
    Legs(BTreeSet<u32>),
}

/// The fate of every job. Nothing runs again when all are kept.
#[must_use]
pub fn rerun(plan: &RunPlan, ended: &RunState, wanted: &Rerun) -> BTreeMap<JobId, Fate> {
    let jobs = &plan.workflow.jobs;
    let mut fates: BTreeMap<JobId, Fate> = jobs
        .iter()
        .map(|job| (job.id.clone(), of_itself(&job.id, ended.jobs.get(&job.id), wanted)))
        .collect();
    while let Some(job) = jobs.iter().find(|job| is_drawn_in(job, &fates)) {
        fates.insert(job.id.clone(), Fate::Again);
    }
    fates
}

/// A job that keeps its result although one that it needs does not.
fn is_drawn_in(job: &Job, fates: &BTreeMap<JobId, Fate>) -> bool {
    let changes = |need| fates.get(need).is_some_and(|fate| *fate != Fate::Keep);
    fates.get(&job.id) != Some(&Fate::Again) && job.needs.iter().any(changes)
}

/// The fate of a job before what it needs is looked at.
fn of_itself(id: &JobId, state: Option<&JobState>, wanted: &Rerun) -> Fate {
    let is_wanted = |leg: u32, conclusion: Option<Conclusion>| match wanted {
        Rerun::All => true,
        Rerun::Failed => conclusion.is_some_and(is_failed),
        // A called job runs again with everything that its leg calls.
        Rerun::Leg(key) => {
            let is_called = || key.job.as_str().starts_with(&format!("{id}/{leg}/"));
            key.job == *id && key.leg == leg || is_called()
        }
    };
    match state {
        None | Some(JobState::Blocked) => Fate::Again,
        Some(JobState::Ended(conclusion)) if is_wanted(0, Some(*conclusion)) => Fate::Again,
        Some(JobState::Ended(_)) => Fate::Keep,
        Some(JobState::Expanded { legs, .. }) => {
            let again: BTreeSet<u32> = (0..)
                .zip(legs)
                .filter(|(leg, state)| is_wanted(*leg, conclusion_of(state.status)))
                .map(|(leg, _)| leg)
                .collect();
            match again.len() {
                0 => Fate::Keep,
                all if all == legs.len() => Fate::Again,
                _ => Fate::Legs(again),
            }
        }
    }
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
