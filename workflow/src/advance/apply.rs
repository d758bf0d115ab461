//! What a transition does to a state.
//!
//! The one place that says so: `advance` looks ahead with it, and whoever keeps a run in memory
//! applies transitions with it. Stores that keep rows follow it.

use super::state::{Call, JobState, LegKey, LegState, LegStatus, RunState, SlotState};
use super::transition::{NewLeg, Transition};

impl RunState {
    /// Applies one transition. A transition for a leg that does not exist changes nothing.
    pub fn apply(&mut self, transition: &Transition) {
        match transition {
            Transition::Expand { job, legs, fail_fast, max_parallel } => {
                let legs = legs.iter().map(LegState::created).collect();
                let state =
                    JobState::Expanded { legs, fail_fast: *fail_fast, max_parallel: *max_parallel };
                self.jobs.insert(job.clone(), state);
            }
            Transition::End { job, conclusion, .. } => {
                self.jobs.insert(job.clone(), JobState::Ended(*conclusion));
            }
            Transition::Wait { leg, .. } => self.set_status(leg, LegStatus::Waiting),
            Transition::Queue { leg } => self.set_status(leg, LegStatus::Queued),
            Transition::Enter { leg, .. } => self.set_status(leg, LegStatus::InProgress),
            Transition::Leave { leg, conclusion, outputs, .. } => {
                let order = self.next_completion();
                if let Some(leg) = self.leg_mut(leg) {
                    leg.status = LegStatus::Completed(*conclusion);
                    leg.outputs.clone_from(outputs);
                    leg.completed_order = Some(order);
                }
            }
            Transition::Conclude { leg, conclusion, .. }
            | Transition::Abandon { leg, conclusion, .. } => {
                self.set_status(leg, LegStatus::Completed(*conclusion));
            }
            Transition::Claim { leg, .. } => {
                if let Some(leg) = self.leg_mut(leg) {
                    leg.slot = SlotState::Pending;
                }
            }
            Transition::RequestCancel { leg, timed_out, .. } => {
                if let Some(leg) = self.leg_mut(leg) {
                    leg.cancel_requested = true;
                    leg.timed_out = *timed_out;
                }
            }
            Transition::CancelRun { reason, is_forced } => {
                self.cancel_requested = true;
                self.cancel_forced |= is_forced;
                self.cancel_reason.get_or_insert_with(|| reason.clone());
            }
            Transition::ConcludeRun { .. } => {}
        }
    }

    /// The state of a leg.
    pub fn leg_mut(&mut self, key: &LegKey) -> Option<&mut LegState> {
        match self.jobs.get_mut(&key.job)? {
            JobState::Expanded { legs, .. } => legs.get_mut(usize::try_from(key.leg).ok()?),
            JobState::Blocked | JobState::Ended(_) => None,
        }
    }

    /// A number after that of every leg that has completed.
    #[must_use]
    pub fn next_completion(&self) -> u64 {
        let legs = self.jobs.values().flat_map(|state| match state {
            JobState::Expanded { legs, .. } => legs.as_slice(),
            JobState::Blocked | JobState::Ended(_) => &[],
        });
        legs.filter_map(|leg| leg.completed_order).max().unwrap_or_default() + 1
    }

    fn set_status(&mut self, key: &LegKey, status: LegStatus) {
        if let Some(leg) = self.leg_mut(key) {
            leg.status = status;
            leg.since = None;
        }
    }
}

impl LegState {
    /// A leg as [`Transition::Expand`] creates it.
    #[must_use]
    pub fn created(leg: &NewLeg) -> Self {
        Self {
            status: LegStatus::Pending,
            continue_on_error: leg.continue_on_error,
            environment: leg.environment.clone(),
            call: leg.call.as_ref().map(|inputs| Call {
                name: leg.name.clone(),
                inputs: inputs.clone(),
                matrix: leg.matrix.clone(),
                strategy: leg.strategy.clone(),
            }),
            review: None,
            concurrency: leg.concurrency.clone(),
            slot: SlotState::Unclaimed,
            timeout_minutes: leg.timeout_minutes,
            cancel_timeout_minutes: leg.cancel_timeout_minutes,
            since: None,
            cancel_requested: false,
            cancel_requested_at: None,
            timed_out: false,
            outputs: std::collections::BTreeMap::new(),
            completed_order: None,
            is_kept: false,
        }
    }
}
