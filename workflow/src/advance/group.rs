//! Who holds a concurrency group, and who waits for it (`semantics` 4.4).
//!
//! Pure: the store keeps a group as rows, asks here, and writes the answer in one transaction.
//! Invariants: a group has at most one holder; whoever waits is in order of arrival; a newcomer never
//! overtakes.

use crate::plan::ConcurrencySlot;

/// Most claims that wait in a group with `queue: max`; GitHub's limit.
pub const MAX_PENDING: usize = 100;

/// A group as it stands; `K` names a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group<K> {
    pub holder: Option<K>,
    /// In order of arrival.
    pub pending: Vec<K>,
}

/// What a newcomer is told, and who has to go for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission<K> {
    pub verdict: Verdict,
    /// Claims that wait no longer; they end as cancelled.
    pub displaced: Vec<K>,
    /// The holder is to be cancelled. It holds the group until it has ended.
    pub evicted: Option<K>,
}

/// Whether a newcomer may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Holds,
    Waits,
    /// [`MAX_PENDING`] claims wait already. GitHub does not say what happens then; here the newcomer
    /// ends as cancelled, because those before it were promised their turn.
    Refused,
}

impl<K> Default for Group<K> {
    fn default() -> Self {
        Self { holder: None, pending: Vec::new() }
    }
}

impl<K: Clone> Group<K> {
    /// What happens when somebody asks for the group. The newcomer's own settings count: without
    /// `queue: max` it takes the place of everybody who waits.
    #[must_use]
    pub fn admit(&self, newcomer: &ConcurrencySlot) -> Admission<K> {
        let answer = |verdict| Admission { verdict, displaced: Vec::new(), evicted: None };
        if self.holder.is_none() && self.pending.is_empty() {
            return answer(Verdict::Holds);
        }
        let evicted = self.holder.clone().filter(|_| newcomer.cancel_in_progress);
        if !newcomer.queue_max {
            return Admission {
                displaced: self.pending.clone(),
                evicted,
                ..answer(Verdict::Waits)
            };
        }
        if self.pending.len() >= MAX_PENDING {
            return answer(Verdict::Refused);
        }
        Admission { evicted, ..answer(Verdict::Waits) }
    }

    /// Who holds the group next, when nobody does.
    #[must_use]
    pub fn next(&self) -> Option<&K> {
        if self.holder.is_some() { None } else { self.pending.first() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(cancel_in_progress: bool, queue_max: bool) -> ConcurrencySlot {
        ConcurrencySlot { group: "deploy".to_owned(), cancel_in_progress, queue_max }
    }

    fn group(holder: Option<u32>, pending: &[u32]) -> Group<u32> {
        Group { holder, pending: pending.to_vec() }
    }

    #[test]
    fn the_first_holds_and_the_next_waits() {
        let plain = slot(false, false);
        assert_eq!(Group::<u32>::default().admit(&plain).verdict, Verdict::Holds);
        let second = group(Some(1), &[]).admit(&plain);
        assert_eq!(second, Admission { verdict: Verdict::Waits, displaced: vec![], evicted: None });
    }

    #[test]
    fn a_newcomer_takes_the_place_of_who_waits_also_without_cancel_in_progress() {
        let third = group(Some(1), &[2]).admit(&slot(false, false));
        assert_eq!(third, Admission { verdict: Verdict::Waits, displaced: vec![2], evicted: None });
    }

    #[test]
    fn cancel_in_progress_evicts_the_holder_and_waits_for_its_end() {
        let newcomer = group(Some(1), &[2]).admit(&slot(true, false));
        assert_eq!(
            newcomer,
            Admission { verdict: Verdict::Waits, displaced: vec![2], evicted: Some(1) }
        );
    }

    #[test]
    fn queue_max_keeps_a_hundred_and_refuses_the_next() {
        let waiting: Vec<u32> = (2..101).collect();
        assert_eq!(group(Some(1), &waiting).admit(&slot(false, true)).verdict, Verdict::Waits);
        let waiting: Vec<u32> = (2..102).collect();
        let refused = group(Some(1), &waiting).admit(&slot(false, true));
        assert_eq!(
            refused,
            Admission { verdict: Verdict::Refused, displaced: vec![], evicted: None }
        );
    }

    #[test]
    fn nobody_overtakes_a_group_whose_holder_has_just_gone() {
        let between = group(None, &[2]);
        assert_eq!(between.next(), Some(&2));
        assert_eq!(between.admit(&slot(false, true)).verdict, Verdict::Waits);
        assert_eq!(group(Some(1), &[2]).next(), None);
    }
}
