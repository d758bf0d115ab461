//! What a cancellation does to legs and runs (`semantics` 4.4 and 4.9).
//!
//! Whether a job's `if` outlives the cancellation is asked elsewhere. Invariant: a running leg is told
//! once.

use super::state::{Conclusion, LegKey, LegState, LegStatus, RunState, SlotState};
use super::timers;
use super::transition::Transition;

/// A run that has to make room in its group, or did not get it.
pub(super) fn give_way(state: &RunState) -> Option<Transition> {
    let reason = unwelcome(&state.slot).filter(|_| !state.cancel_requested)?;
    Some(Transition::CancelRun { reason: reason.to_owned(), is_forced: false })
}

/// A leg that has to make room in its group, or did not get it.
pub(super) fn leg_gives_way(key: &LegKey, leg: &LegState) -> Option<Transition> {
    cancel(key.clone(), leg, unwelcome(&leg.slot)?)
}

/// Why the claim on a group is void.
fn unwelcome(slot: &SlotState) -> Option<&str> {
    match slot {
        SlotState::Evicted(reason) | SlotState::Refused(reason) => Some(reason),
        SlotState::Unclaimed | SlotState::Pending | SlotState::Held => None,
    }
}

/// Whether nothing of a cancelled run goes on, whatever `if` says: it was cancelled by force, or it
/// never got its concurrency group, and nothing may run without.
pub(super) fn spares_nothing(state: &RunState) -> bool {
    let has_no_group = matches!(state.slot, SlotState::Pending | SlotState::Refused(_));
    state.cancel_requested && (state.cancel_forced || has_no_group)
}

/// Ends a leg that has not started, or tells its runner to end it.
pub(super) fn cancel(key: LegKey, leg: &LegState, reason: &str) -> Option<Transition> {
    let reason = reason.to_owned();
    match leg.status {
        LegStatus::Pending | LegStatus::Waiting | LegStatus::Queued => {
            Some(Transition::Conclude { leg: key, conclusion: Conclusion::Cancelled, reason })
        }
        LegStatus::InProgress if !leg.cancel_requested => {
            Some(Transition::RequestCancel { leg: key, reason, timed_out: false })
        }
        LegStatus::InProgress | LegStatus::Completed(_) => None,
    }
}

/// As [`cancel`], and does not wait for the runner. What a leg calls is abandoned job by job.
pub(super) fn abandon(key: LegKey, leg: &LegState, reason: &str) -> Option<Transition> {
    if leg.status != LegStatus::InProgress || leg.call.is_some() {
        return cancel(key, leg, reason);
    }
    let conclusion = timers::abandoned(leg);
    Some(Transition::Abandon { leg: key, conclusion, reason: reason.to_owned() })
}
