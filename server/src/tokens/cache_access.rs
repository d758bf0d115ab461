//! Which caches a job may read and write, by the ref and the event of its run (`protocols` 3.7). Pure.
//!
//! Invariant: whoever can be made to run foreign code cannot write what runs of a branch read.

use serde::{Deserialize, Serialize};

/// May read, may write: GitHub's bits.
const READ: u8 = 1;
const WRITE: u8 = 2;

/// Events that only somebody with write access to the repository, or its own clock, can cause. All
/// others may run on the default branch for strangers.
const TRUSTED_EVENTS: [&str; 9] = [
    "push",
    "schedule",
    "workflow_dispatch",
    "repository_dispatch",
    "merge_group",
    "release",
    "create",
    "deployment",
    "registry_package",
];

/// Events of a pull request, whose ref is that of the pull request and of nobody else.
const PULL_REQUEST_EVENTS: [&str; 3] =
    ["pull_request", "pull_request_review", "pull_request_review_comment"];

/// One entry of the claim `ac`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheAccess {
    #[serde(rename = "Scope")]
    pub scope: String,
    #[serde(rename = "Permission")]
    permission: u8,
}

impl CacheAccess {
    #[must_use]
    pub fn can_read(&self) -> bool {
        self.permission & READ != 0
    }

    #[must_use]
    pub fn can_write(&self) -> bool {
        self.permission & WRITE != 0
    }
}

/// What decides about a run's caches.
#[derive(Clone, Copy, Debug)]
pub struct CacheSource<'a> {
    pub event: &'a str,
    /// `github.ref`.
    pub git_ref: &'a str,
    /// `github.base_ref`; empty for what is no pull request.
    pub base_ref: &'a str,
    pub default_branch: &'a str,
}

/// The scopes in the order in which they are searched: the run's own, that of the base branch, that
/// of the default branch.
#[must_use]
pub fn cache_access(source: CacheSource<'_>) -> Vec<CacheAccess> {
    let is_own = PULL_REQUEST_EVENTS.contains(&source.event);
    let can_write = is_own || TRUSTED_EVENTS.contains(&source.event);
    let own = if can_write { READ | WRITE } else { READ };
    let mut access = vec![CacheAccess { scope: source.git_ref.to_owned(), permission: own }];
    for branch in [source.base_ref, source.default_branch] {
        let scope = format!("refs/heads/{branch}");
        if !branch.is_empty() && access.iter().all(|other| other.scope != scope) {
            access.push(CacheAccess { scope, permission: READ });
        }
    }
    access
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(event: &str, git_ref: &str, base_ref: &str) -> Vec<String> {
        let source = CacheSource { event, git_ref, base_ref, default_branch: "main" };
        let words = |it: CacheAccess| format!("{} {}", it.scope, it.permission);
        cache_access(source).into_iter().map(words).collect()
    }

    #[test]
    fn a_branch_reads_the_default_branch_and_writes_its_own() {
        assert_eq!(
            scopes("push", "refs/heads/feature", ""),
            ["refs/heads/feature 3", "refs/heads/main 1"]
        );
        assert_eq!(scopes("push", "refs/heads/main", ""), ["refs/heads/main 3"]);
        assert_eq!(scopes("push", "refs/tags/v1", ""), ["refs/tags/v1 3", "refs/heads/main 1"]);
    }

    #[test]
    fn a_pull_request_writes_where_only_itself_reads() {
        assert_eq!(
            scopes("pull_request", "refs/pull/7/merge", "release"),
            ["refs/pull/7/merge 3", "refs/heads/release 1", "refs/heads/main 1"]
        );
    }

    #[test]
    fn events_that_strangers_cause_on_the_default_branch_write_nothing() {
        for event in ["pull_request_target", "issue_comment", "workflow_run", "issues"] {
            assert_eq!(scopes(event, "refs/heads/main", ""), ["refs/heads/main 1"], "{event}");
        }
    }
}
