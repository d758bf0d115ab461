//! One entry under `jobs:`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{CallJob, Concurrency, Permissions, Step};
use crate::diagnostic::Position;
use crate::expr::Expression;
use crate::template::Token;

/// The key of a job under `jobs:`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub String);

impl JobId {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A job of a workflow.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    pub id: JobId,
    pub position: Position,
    pub name: Option<Token>,
    /// Resolved to the ids as declared (`needs` ignores case).
    pub needs: Vec<JobId>,
    /// `if:`, with `success() && (...)` already added where GitHub adds it (`semantics` 2.10).
    pub condition: Expression,
    pub strategy: Option<Strategy>,
    pub permissions: Option<Permissions>,
    pub concurrency: Option<Concurrency>,
    pub kind: JobKind,
}

/// What a job does: run steps, or call a reusable workflow.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    Steps(Box<StepsJob>),
    Call(Box<CallJob>),
}

/// The keys only a job with steps has.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StepsJob {
    /// String, sequence, or `{group, labels}`.
    pub runs_on: Token,
    pub env: Option<Token>,
    pub defaults: RunDefaults,
    pub environment: Option<Environment>,
    /// Name and template, in file order.
    pub outputs: Vec<(String, Token)>,
    /// Image text or mapping; evaluated on the runner.
    pub container: Option<Token>,
    /// Mapping of service id to image text or mapping; evaluated on the runner.
    pub services: Option<Token>,
    pub timeout_minutes: Option<Token>,
    pub cancel_timeout_minutes: Option<Token>,
    pub continue_on_error: Option<Token>,
    pub steps: Vec<Step>,
}

/// `strategy:`; the matrix stays a template until the needs are known.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Strategy {
    pub position: Position,
    /// The mapping as a whole where its keys are not known yet; then the other parts are absent.
    /// See [`Strategy::resolve`].
    #[serde(default)]
    pub computed: Option<Token>,
    pub fail_fast: Option<Token>,
    pub max_parallel: Option<Token>,
    /// A mapping with `include`/`exclude` and vectors, or one expression.
    pub matrix: Option<Token>,
}

/// `environment:`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Environment {
    /// Or what may give the whole mapping: see [`Environment::resolve`].
    pub name: Token,
    /// Evaluated on the runner after the steps.
    pub url: Option<Token>,
    /// False: use rules and secrets, but record no deployment. True when absent.
    pub deployment: Option<Token>,
}

/// `defaults.run`. A job's map replaces the workflow's as a whole (`semantics` 5.4).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RunDefaults {
    /// As [`Strategy::computed`]; only in a job. See [`RunDefaults::resolve`].
    #[serde(default)]
    pub computed: Option<Token>,
    pub shell: Option<Token>,
    pub working_directory: Option<Token>,
}
