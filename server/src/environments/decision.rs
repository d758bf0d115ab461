//! From the answers of reviewers to one decision about a deployment. Pure.

use gantry_workflow::advance::Review;

/// The answers that were given for one environment of one attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Answers {
    pub(super) n_approved: i64,
    pub(super) n_rejected: i64,
    /// So many approvals are needed.
    pub(super) n_required: i64,
    /// Gates that have not approved.
    pub(super) n_closed: i64,
}

impl Answers {
    /// One rejection ends it; otherwise nothing is decided before enough have approved.
    pub(super) fn decision(self) -> Option<Review> {
        if self.n_rejected > 0 {
            Some(Review::Rejected)
        } else if self.n_approved >= self.n_required && self.n_closed <= 0 {
            Some(Review::Approved)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn approvals_are_counted_and_one_rejection_is_enough() {
        let decision = |n_approved, n_rejected| {
            Answers { n_approved, n_rejected, n_required: 2, n_closed: 0 }.decision()
        };
        assert_eq!(decision(0, 0), None);
        assert_eq!(decision(1, 0), None);
        assert_eq!(decision(2, 0), Some(Review::Approved));
        assert_eq!(decision(1, 1), Some(Review::Rejected));
        assert_eq!(decision(2, 1), Some(Review::Rejected));
        let gated = Answers { n_approved: 2, n_required: 2, n_closed: 1, n_rejected: 0 };
        assert_eq!(gated.decision(), None);
    }
}
