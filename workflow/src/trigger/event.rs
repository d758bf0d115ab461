//! An event as the trigger rules see it, and the answer they give.

use serde::{Deserialize, Serialize};

/// What happened, in GitHub's words.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// `push`, `pull_request`, `workflow_dispatch`, `schedule`, ...
    pub name: &'a str,
    /// The webhook payload, or for `schedule` the object `{"schedule": "<cron>"}`.
    pub payload: &'a serde_json::Value,
    /// Paths relative to the repository; `None` when not known (path filters then pass).
    pub changed_files: Option<&'a [String]>,
}

/// Which commit an event runs on and where its workflow files are read (`semantics` 3.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// `GITHUB_SHA`. Empty when it is the tip of `git_ref`, to be resolved by the caller.
    pub sha: String,
    /// `GITHUB_REF`, fully formed: `refs/heads/main`.
    pub git_ref: String,
    /// `github.head_ref` and `github.base_ref`; empty except for pull requests.
    pub head_ref: String,
    pub base_ref: String,
    pub source: WorkflowSource,
}

/// Where workflow files are read for an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkflowSource {
    /// At [`Origin::sha`].
    EventCommit,
    /// At the tip of the default branch.
    DefaultBranch,
}

/// Whether a workflow starts for an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    Starts,
    /// Why not, in words for people: "branches filter: `feature/x` matches none of `main`".
    Skips {
        reason: String,
    },
}
