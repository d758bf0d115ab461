//! A workflow file as a whole.

use serde::{Deserialize, Serialize};

use super::{EventTrigger, Job, JobId, RunDefaults, WorkflowCall};
use crate::diagnostic::Position;
use crate::template::Token;

/// A checked workflow file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Workflow {
    /// Path in the repository, for example `.github/workflows/ci-cd.yml`.
    pub path: String,
    /// The literal `name`; where absent GitHub shows the path.
    pub name: Option<String>,
    pub run_name: Option<Token>,
    pub on: Vec<EventTrigger>,
    /// A mapping token, or an expression that gives a mapping.
    pub env: Option<Token>,
    pub defaults: RunDefaults,
    pub permissions: Option<Permissions>,
    pub concurrency: Option<Concurrency>,
    /// In file order.
    pub jobs: Vec<Job>,
}

impl Workflow {
    /// `name`, or the path when the file has none.
    #[must_use]
    pub fn display_name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.path)
    }

    /// What the file declares for its callers; `None` when it cannot be called.
    #[must_use]
    pub fn call(&self) -> Option<&WorkflowCall> {
        self.on.iter().find_map(|trigger| trigger.call.as_ref())
    }

    #[must_use]
    pub fn job(&self, id: &JobId) -> Option<&Job> {
        self.jobs.iter().find(|job| &job.id == id)
    }
}

/// `permissions:` of a workflow or a job. A mapping sets every scope it does not list to `none`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permissions {
    ReadAll,
    WriteAll,
    /// Scope and access, in file order.
    Scopes(Vec<(String, Access)>),
}

/// What a token may do in a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    None,
    Read,
    Write,
}

/// `concurrency:` of a workflow or a job, not yet evaluated.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Concurrency {
    pub position: Position,
    /// Or what may give the whole mapping: see [`Concurrency::resolve`].
    pub group: Token,
    pub cancel_in_progress: Option<Token>,
    /// `queue: max` keeps up to 100 pending holders instead of one.
    pub queue_max: bool,
}
