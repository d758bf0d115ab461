//! What happens next to the legs of an expanded job: cancellation, fail-fast, reviews, and
//! `max-parallel` (`semantics` 4.3, 4.6 and 4.9).
//!
//! Does not create legs. Invariant: a completed leg gets no further transition.

use super::condition;
use super::expand;
use super::needs::leg_result;
use super::scope::Scope;
use super::state::{
    Conclusion, JobState, LegKey, LegState, LegStatus, Protection, Review, RunState,
};
use super::transition::Transition;
use crate::model::{Job, JobId};

/// The transitions of one expanded job.
pub(super) fn look_at(scope: &Scope<'_>, job: &Job) -> Vec<Transition> {
    let Some(JobState::Expanded { legs, fail_fast, max_parallel }) = scope.job_state(&job.id)
    else {
        return Vec::new();
    };
    let key = scope.key(&job.id);
    if legs.iter().all(is_settled) {
        return Vec::new();
    }
    if let Some(reason) = scope.cancelled()
        && !condition::survives_cancellation(scope, job)
    {
        return cancel_all(&key, legs, reason);
    }
    if let Some(failed) = legs.iter().position(failed).filter(|_| *fail_fast) {
        let name = expand::leg_name(scope, job, failed);
        return cancel_all(&key, legs, &format!("fail-fast: `{name}` failed"));
    }
    start(scope.state, &key, legs, *max_parallel)
}

/// Nothing can happen to the leg from here.
fn is_settled(leg: &LegState) -> bool {
    matches!(leg.status, LegStatus::Completed(_))
}

fn failed(leg: &LegState) -> bool {
    leg_result(leg) == Some(Conclusion::Failure)
}

/// Ends what has not started and tells runners to end the rest.
fn cancel_all(job: &JobId, legs: &[LegState], reason: &str) -> Vec<Transition> {
    let reason = || reason.to_owned();
    keyed(job, legs)
        .filter_map(|(leg, state)| match state.status {
            LegStatus::Pending | LegStatus::Waiting | LegStatus::Queued => {
                Some(Transition::Conclude {
                    leg,
                    conclusion: Conclusion::Cancelled,
                    reason: reason(),
                })
            }
            LegStatus::InProgress if !state.cancel_requested => {
                Some(Transition::RequestCancel { leg, reason: reason() })
            }
            LegStatus::InProgress | LegStatus::Completed(_) => None,
        })
        .collect()
}

/// Reviews first, then as many legs as `max_parallel` leaves room for, in order.
fn start(
    state: &RunState,
    job: &JobId,
    legs: &[LegState],
    max_parallel: Option<u32>,
) -> Vec<Transition> {
    let mut room = room(legs, max_parallel);
    keyed(job, legs)
        .filter_map(|(leg, leg_state)| match gate(state, leg_state) {
            Gate::Closed => None,
            Gate::Wait(environment) => Some(Transition::Wait { leg, environment }),
            Gate::Rejected(environment) => Some(Transition::Conclude {
                leg,
                conclusion: Conclusion::Failure,
                reason: format!("the deployment to `{environment}` was rejected"),
            }),
            Gate::Open if room > 0 => {
                room -= 1;
                Some(Transition::Queue { leg })
            }
            Gate::Open => None,
        })
        .collect()
}

/// Legs that wait for a review take no room.
fn room(legs: &[LegState], max_parallel: Option<u32>) -> usize {
    let Some(limit) = max_parallel else { return usize::MAX };
    let busy = legs
        .iter()
        .filter(|leg| matches!(leg.status, LegStatus::Queued | LegStatus::InProgress))
        .count();
    usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(busy)
}

/// Whether the environment of a leg lets it start.
enum Gate {
    /// Nothing to decide: it waits already, runs or has ended.
    Closed,
    Wait(String),
    Rejected(String),
    Open,
}

fn gate(state: &RunState, leg: &LegState) -> Gate {
    if !matches!(leg.status, LegStatus::Pending | LegStatus::Waiting) {
        return Gate::Closed;
    }
    let Some(environment) = &leg.environment else { return Gate::Open };
    let protection =
        state.protections.get(&environment.to_lowercase()).copied().unwrap_or_default();
    match (protection, leg.review) {
        (_, Some(Review::Rejected)) => Gate::Rejected(environment.clone()),
        (Protection { review_required: false }, _) | (_, Some(Review::Approved)) => Gate::Open,
        (Protection { review_required: true }, None) if leg.status == LegStatus::Waiting => {
            Gate::Closed
        }
        (Protection { review_required: true }, None) => Gate::Wait(environment.clone()),
    }
}

fn keyed<'a>(
    job: &'a JobId,
    legs: &'a [LegState],
) -> impl Iterator<Item = (LegKey, &'a LegState)> + 'a {
    (0_u32..).zip(legs).map(|(leg, state)| (LegKey { job: job.clone(), leg }, state))
}
