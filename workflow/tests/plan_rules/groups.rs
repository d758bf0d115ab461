//! The store of concurrency groups, in memory: keeps them as the server's rows do, and asks
//! `advance::Group` what happens.

use std::collections::{BTreeMap, VecDeque};

use gantry_workflow::advance::{Group, LegKey, SlotState, Verdict};
use gantry_workflow::plan::ConcurrencySlot;

/// A run, or one of its legs.
pub(crate) type Claim = (usize, Option<LegKey>);

#[derive(Debug, Default)]
pub(crate) struct Groups {
    /// By name in lower case.
    groups: BTreeMap<String, Group<Claim>>,
    /// What became of claims, not told yet.
    news: VecDeque<(Claim, SlotState)>,
}

impl Groups {
    pub(crate) fn claim(&mut self, claim: Claim, slot: &ConcurrencySlot) {
        let group = self.groups.entry(slot.group.to_lowercase()).or_default();
        let admission = group.admit(slot);
        group.pending.retain(|waiting| !admission.displaced.contains(waiting));
        let refused = || SlotState::Refused("another one came".to_owned());
        self.news.extend(admission.displaced.into_iter().map(|waiting| (waiting, refused())));
        let evicted = SlotState::Evicted("another one came".to_owned());
        self.news.extend(admission.evicted.map(|holder| (holder, evicted)));
        match admission.verdict {
            Verdict::Holds => {
                assert!(group.holder.replace(claim.clone()).is_none(), "two hold a group");
                self.news.push_back((claim, SlotState::Held));
            }
            Verdict::Waits => {
                group.pending.push(claim.clone());
                self.news.push_back((claim, SlotState::Pending));
            }
            Verdict::Refused => self.news.push_back((claim, refused())),
        }
    }

    pub(crate) fn release(&mut self, claim: &Claim) {
        for group in self.groups.values_mut() {
            group.pending.retain(|waiting| waiting != claim);
            group.holder.take_if(|holder| holder == claim);
            if let Some(next) = group.next().cloned() {
                group.pending.remove(0);
                group.holder = Some(next.clone());
                self.news.push_back((next, SlotState::Held));
            }
        }
    }

    /// The next news of run `of`, or of any.
    pub(crate) fn take_news(&mut self, of: Option<usize>) -> Option<(Claim, SlotState)> {
        let is_wanted = |((run, _), _): &(Claim, SlotState)| of.is_none_or(|of| of == *run);
        let at = self.news.iter().position(is_wanted)?;
        self.news.remove(at)
    }

    pub(crate) fn is_free(&self) -> bool {
        self.groups.values().all(|group| *group == Group::default())
    }
}
