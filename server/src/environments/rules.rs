//! The rules of an environment, and who may answer for it.
//!
//! Pure. What the rules do to jobs decides `workflow::advance`; who may review decides this.

use std::collections::BTreeSet;

/// The rules of an environment but its policies of branches and tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Reviewers have to approve.
    pub review_required: bool,
    /// How many of them: 1 to 6. GitHub knows only one.
    pub required_approvals: i32,
    /// Logins of who may review, and teams as `acme/deployers`, in lower case; when there is none,
    /// whoever may write.
    pub reviewers: Vec<String>,
    /// Whoever caused a run does not review its deployments.
    pub prevent_self_review: bool,
    /// A deployment waits at least this long.
    pub wait_minutes: i32,
    /// Only branches and tags that fit a policy may be deployed.
    pub has_ref_policies: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            review_required: false,
            required_approvals: 1,
            reviewers: Vec::new(),
            prevent_self_review: false,
            wait_minutes: 0,
            has_ref_policies: false,
        }
    }
}

/// Why somebody may not review a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoReviewer {
    NotListed,
    CausedTheRun,
}

impl Rules {
    /// The teams among the reviewers.
    pub fn teams(&self) -> impl Iterator<Item = &String> {
        self.reviewers.iter().filter(|name| name.contains('/'))
    }

    /// Whether `login`, who may write and belongs to `teams`, may review a deployment of a run that
    /// `initiator` caused.
    pub fn check_reviewer(
        &self,
        (login, teams): (&str, &BTreeSet<String>),
        initiator: &str,
    ) -> Result<(), NoReviewer> {
        let login = login.to_lowercase();
        let is_listed = |name: &String| *name == login || teams.contains(name);
        if !self.reviewers.is_empty() && !self.reviewers.iter().any(is_listed) {
            return Err(NoReviewer::NotListed);
        }
        if self.prevent_self_review && login == initiator.to_lowercase() {
            return Err(NoReviewer::CausedTheRun);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_is_listed_reviews_and_not_their_own_run_when_that_is_prevented() {
        let none = BTreeSet::new();
        let anybody = Rules { review_required: true, ..Rules::default() };
        assert_eq!(anybody.check_reviewer(("mona", &none), "mona"), Ok(()));
        let listed = Rules { reviewers: vec!["mona".into(), "hubot".into()], ..anybody };
        assert_eq!(listed.check_reviewer(("Mona", &none), "mona"), Ok(()));
        assert_eq!(listed.check_reviewer(("octocat", &none), "mona"), Err(NoReviewer::NotListed));
        let separate = Rules { prevent_self_review: true, ..listed };
        assert_eq!(separate.check_reviewer(("mona", &none), "Mona"), Err(NoReviewer::CausedTheRun));
        assert_eq!(separate.check_reviewer(("hubot", &none), "mona"), Ok(()));
        let team = Rules { reviewers: vec!["acme/deployers".into()], ..separate };
        assert_eq!(team.teams().count(), 1);
        let deployers = BTreeSet::from(["acme/deployers".to_owned()]);
        assert_eq!(team.check_reviewer(("hubot", &deployers), "mona"), Ok(()));
        assert_eq!(team.check_reviewer(("hubot", &none), "mona"), Err(NoReviewer::NotListed));
    }
}
