//! What happens next to the legs of an expanded job: time, cancellation, fail-fast, concurrency,
//! reviews, and `max-parallel` (`semantics` 4.3 to 4.6 and 4.9).
//!
//! Does not create legs. Invariant: a completed leg gets no further transition.

use chrono::{DateTime, Utc};

use super::calls;
use super::cancel;
use super::condition;
use super::expand;
use super::gate::{Gate, gate};
use super::needs::leg_result;
use super::scope::Scope;
use super::state::{Conclusion, JobState, LegKey, LegState, LegStatus, SlotState};
use super::timers;
use super::transition::Transition;
use crate::model::{Job, JobId};
use crate::plan::{ConcurrencySlot, deadlock};

/// The transitions of one expanded job.
pub(super) fn look_at(scope: &Scope<'_>, job: &Job, now: DateTime<Utc>) -> Vec<Transition> {
    let Some(JobState::Expanded { legs, fail_fast, max_parallel }) = scope.job_state(&job.id)
    else {
        return Vec::new();
    };
    let key = scope.key(&job.id);
    if legs.iter().all(is_settled) {
        return Vec::new();
    }
    let left = calls::leave(scope, job);
    if !left.is_empty() {
        return left;
    }
    let each = |f: &dyn Fn(LegKey, &LegState) -> Option<Transition>| -> Vec<Transition> {
        keyed(&key, legs).filter_map(|(leg, state)| f(leg, state)).collect()
    };
    let by_themselves = each(&|leg, state| {
        cancel::leg_gives_way(&leg, state).or_else(|| timers::expire(scope.state, leg, state, now))
    });
    if !by_themselves.is_empty() {
        return by_themselves;
    }
    if let Some(reason) = scope.cancelled() {
        if cancel::spares_nothing(scope.state) {
            return each(&|leg, state| cancel::abandon(leg, state, reason));
        }
        if !condition::survives_cancellation(scope, job) {
            return each(&|leg, state| cancel::cancel(leg, state, reason));
        }
    }
    if let Some(failed) = legs.iter().position(failed).filter(|_| *fail_fast) {
        let reason = format!("fail-fast: `{}` failed", expand::leg_name(scope, job, failed));
        return each(&|leg, state| cancel::cancel(leg, state, &reason));
    }
    start((scope, now), job, legs, Room::of(legs, *max_parallel))
}

/// Nothing can happen to the leg from here.
fn is_settled(leg: &LegState) -> bool {
    matches!(leg.status, LegStatus::Completed(_))
}

/// In this attempt: somebody who runs one leg again knows that the others have failed before.
fn failed(leg: &LegState) -> bool {
    !leg.is_kept && leg_result(leg) == Some(Conclusion::Failure)
}

/// The concurrency group first, then reviews, then as many legs as `max_parallel` leaves room for,
/// in order. A leg that waits for a review holds its group meanwhile, as on GitHub.
fn start(
    (scope, now): (&Scope<'_>, DateTime<Utc>),
    job: &Job,
    legs: &[LegState],
    mut room: Room,
) -> Vec<Transition> {
    keyed(&scope.key(&job.id), legs)
        .filter_map(|(key, leg)| match unclaimed(leg) {
            Some(slot) => room.take(leg).then(|| claim(scope, key, slot)),
            None if leg.slot == SlotState::Pending => None,
            None => pass_gate((scope, now), job, (key, leg), &mut room),
        })
        .collect()
}

/// The group that a leg has to ask for before anything else.
fn unclaimed(leg: &LegState) -> Option<&ConcurrencySlot> {
    let is_new = leg.status == LegStatus::Pending && leg.slot == SlotState::Unclaimed;
    leg.concurrency.as_ref().filter(|_| is_new)
}

/// A job that waits for the group its own run holds would wait for ever.
fn claim(scope: &Scope<'_>, leg: LegKey, slot: &ConcurrencySlot) -> Transition {
    let is_same = |own: &&str| own.to_lowercase() == slot.group.to_lowercase();
    match scope.own_group().filter(is_same) {
        None => Transition::Claim { leg, slot: slot.clone() },
        Some(own) => Transition::Conclude {
            reason: deadlock(own, &leg.job),
            leg,
            conclusion: Conclusion::Cancelled,
        },
    }
}

fn pass_gate(
    (scope, now): (&Scope<'_>, DateTime<Utc>),
    job: &Job,
    (leg, leg_state): (LegKey, &LegState),
    room: &mut Room,
) -> Option<Transition> {
    match gate(scope, leg_state, now) {
        Gate::Closed => None,
        Gate::Wait { environment, reason } => Some(Transition::Wait { leg, environment, reason }),
        Gate::Refused(reason) => {
            Some(Transition::Conclude { leg, conclusion: Conclusion::Failure, reason })
        }
        Gate::Open => room.take(leg_state).then(|| match leg_state.call {
            None => Transition::Queue { leg },
            Some(_) => calls::enter(scope, job, leg),
        }),
    }
}

/// How many more legs may begin. Legs that wait for a review take no room; those that have asked for
/// a concurrency group do.
struct Room(usize);

impl Room {
    fn of(legs: &[LegState], max_parallel: Option<u32>) -> Self {
        let Some(limit) = max_parallel else { return Self(usize::MAX) };
        let busy = legs.iter().filter(|leg| has_room(leg)).count();
        Self(usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(busy))
    }

    /// False when there is no room for the leg.
    fn take(&mut self, leg: &LegState) -> bool {
        if has_room(leg) {
            return true;
        }
        let is_free = self.0 > 0;
        self.0 = self.0.saturating_sub(1);
        is_free
    }
}

fn has_room(leg: &LegState) -> bool {
    match leg.status {
        LegStatus::Queued | LegStatus::InProgress => true,
        LegStatus::Pending | LegStatus::Waiting => leg.slot != SlotState::Unclaimed,
        LegStatus::Completed(_) => false,
    }
}

fn keyed<'a>(
    job: &'a JobId,
    legs: &'a [LegState],
) -> impl Iterator<Item = (LegKey, &'a LegState)> + 'a {
    (0_u32..).zip(legs).map(|(leg, state)| (LegKey { job: job.clone(), leg }, state))
}
