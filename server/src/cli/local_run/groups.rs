//! The concurrency groups of the jobs of one run.
//!
//! No other run is here to compete with. Who holds a group is decided by `advance::Group`. Invariant:
//! a leg that has ended neither holds nor waits for a group.

use std::collections::BTreeMap;

use gantry_workflow::advance::{
    Claim, Group, LegKey, LegStatus, RunState, SlotState, Verdict, waits_for_itself,
};
use gantry_workflow::plan::ConcurrencySlot;

/// By name in lower case.
#[derive(Debug, Default)]
pub(super) struct Groups(BTreeMap<String, Group<LegKey>>);

impl Groups {
    /// A leg asks for its group.
    pub(super) fn claim(&mut self, leg: &LegKey, slot: &ConcurrencySlot, state: &mut RunState) {
        let name = slot.group.to_lowercase();
        if waits_for_itself(&self.claims(), &claim_of(leg, &name, false)).is_some() {
            let reason = format!(
                "Canceling since a deadlock was detected for concurrency group: '{}': the job that \
                 calls this one holds it",
                slot.group
            );
            return set(state, leg, SlotState::Refused(reason));
        }
        let group = self.0.entry(name).or_default();
        let admission = group.admit(slot);
        let reason = || format!("a newer job asked for the concurrency group `{}`", slot.group);
        for displaced in &admission.displaced {
            set(state, displaced, SlotState::Refused(reason()));
        }
        group.pending.retain(|waiting| !admission.displaced.contains(waiting));
        if let Some(evicted) = &admission.evicted {
            set(state, evicted, SlotState::Evicted(reason()));
        }
        let answer = match admission.verdict {
            Verdict::Holds => {
                group.holder = Some(leg.clone());
                SlotState::Held
            }
            Verdict::Waits => {
                group.pending.push(leg.clone());
                SlotState::Pending
            }
            Verdict::Refused => SlotState::Refused(format!(
                "too many jobs wait for the concurrency group `{}`",
                slot.group
            )),
        };
        set(state, leg, answer);
    }

    fn claims(&self) -> Vec<Claim<()>> {
        let of_group = |(name, group): (&String, &Group<LegKey>)| {
            let held = group.holder.iter().map(|leg| claim_of(leg, name, true));
            let waiting = group.pending.iter().map(|leg| claim_of(leg, name, false));
            held.chain(waiting).collect::<Vec<_>>()
        };
        self.0.iter().flat_map(of_group).collect()
    }

    /// Frees the groups of legs that have ended, and gives them to those who wait.
    pub(super) fn settle(&mut self, state: &mut RunState) {
        for group in self.0.values_mut() {
            group.holder.take_if(|holder| has_ended(state, holder));
            group.pending.retain(|waiting| !has_ended(state, waiting));
            if let Some(next) = group.next().cloned() {
                group.pending.retain(|waiting| *waiting != next);
                set(state, &next, SlotState::Held);
                group.holder = Some(next);
            }
        }
    }
}

fn claim_of(leg: &LegKey, group: &str, is_held: bool) -> Claim<()> {
    Claim { run: (), leg: Some(leg.clone()), group: group.to_owned(), is_held }
}

fn has_ended(state: &mut RunState, leg: &LegKey) -> bool {
    state.leg_mut(leg).is_none_or(|leg| matches!(leg.status, LegStatus::Completed(_)))
}

fn set(state: &mut RunState, leg: &LegKey, slot: SlotState) {
    if let Some(leg) = state.leg_mut(leg) {
        leg.slot = slot;
    }
}
