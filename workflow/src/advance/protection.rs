//! The rules of an environment, and what they say about one deployment.
//!
//! Pure and without time of its own. Invariant: a rule that cannot be read refuses.

use std::fmt;
use std::str::FromStr;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::trigger::Pattern;

/// The rules of an environment that `advance` must respect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Protection {
    /// At least one reviewer has to approve.
    pub review_required: bool,
    /// A deployment waits at least this long, whoever approves it.
    pub wait: TimeDelta,
    /// What may be deployed; `None`: everything.
    pub refs: Option<Vec<RefPolicy>>,
}

/// Branches or tags that may be deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefPolicy {
    pub kind: RefKind,
    /// A pattern of the filters of branches and tags.
    pub pattern: String,
}

/// What a policy is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefKind {
    Branch,
    Tag,
}

impl RefKind {
    /// The word used by the REST API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Branch => "branch",
            Self::Tag => "tag",
        }
    }
}

impl FromStr for RefKind {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "branch" => Ok(Self::Branch),
            "tag" => Ok(Self::Tag),
            other => Err(format!("`{other}` is neither `branch` nor `tag`")),
        }
    }
}

impl fmt::Display for RefKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Protection {
    /// Why `git_ref` may not be deployed to `environment`, in GitHub's words; `None`: it may.
    #[must_use]
    pub fn refusal(&self, git_ref: &str, environment: &str) -> Option<String> {
        let policies = self.refs.as_ref()?;
        let (kind, name) = match git_ref.strip_prefix("refs/tags/") {
            Some(tag) => (RefKind::Tag, tag),
            None => (RefKind::Branch, git_ref.strip_prefix("refs/heads/").unwrap_or(git_ref)),
        };
        let fits = |policy: &&RefPolicy| {
            policy.kind == kind
                && Pattern::parse(&policy.pattern).is_ok_and(|pattern| pattern.matches(name))
        };
        if policies.iter().any(|policy| fits(&policy)) {
            return None;
        }
        let what = match kind {
            RefKind::Branch => "Branch",
            RefKind::Tag => "Tag",
        };
        Some(format!(
            "{what} \"{name}\" is not allowed to deploy to {environment} due to environment \
             protection rules."
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(kind: RefKind, pattern: &str) -> Protection {
        let policy = RefPolicy { kind, pattern: pattern.to_owned() };
        Protection { refs: Some(vec![policy]), ..Protection::default() }
    }

    #[test]
    fn a_policy_admits_what_it_names_and_nothing_else() {
        assert_eq!(Protection::default().refusal("refs/heads/x", "p"), None);
        let release = only(RefKind::Branch, "release/*");
        assert_eq!(release.refusal("refs/heads/release/1", "p"), None);
        let refused = release.refusal("refs/heads/main", "production");
        let expected = "Branch \"main\" is not allowed to deploy to production due to environment \
                        protection rules.";
        assert_eq!(refused.as_deref(), Some(expected));
        // A tag is not a branch of the same name.
        assert!(release.refusal("refs/tags/release/1", "p").is_some());
        assert_eq!(only(RefKind::Tag, "v*").refusal("refs/tags/v1", "p"), None);
        assert_eq!(
            only(RefKind::Branch, "refs/pull/*/merge").refusal("refs/pull/7/merge", "p"),
            None
        );
    }

    #[test]
    fn without_a_readable_policy_nothing_is_deployed() {
        let none = Protection { refs: Some(Vec::new()), ..Protection::default() };
        assert!(none.refusal("refs/heads/main", "p").is_some());
        assert!(only(RefKind::Branch, "[").refusal("refs/heads/main", "p").is_some());
    }
}
