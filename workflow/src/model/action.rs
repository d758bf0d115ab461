//! What an `action.yml` says (`semantics` 1.9).
//!
//! Does not say how it is run: that is the runner's. Invariant: what an action cannot run without
//! (`main`, `image`, `steps`) is there.

use serde::{Deserialize, Serialize};

use super::Step;
use crate::expr::Expression;
use crate::template::Token;

/// A checked `action.yml`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Action {
    /// Where it was read, for messages.
    pub path: String,
    pub name: Option<String>,
    pub description: Option<String>,
    /// In file order.
    pub inputs: Vec<ActionInput>,
    /// Name and value, in file order. Only composite actions need the value; the others set
    /// whatever outputs they like, declared or not.
    pub outputs: Vec<(String, Option<Token>)>,
    pub runs: ActionRuns,
}

/// One entry under `inputs:`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ActionInput {
    /// As written; inputs are found without regard to case.
    pub name: String,
    pub description: Option<String>,
    /// What the file says. As on GitHub nobody refuses a step that leaves the input out.
    pub required: bool,
    /// An input without a default is the empty text.
    pub default: Option<Token>,
    /// For a warning where a step gives this input.
    pub deprecation_message: Option<String>,
}

/// `runs:`, by kind of action.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionRuns {
    Node(NodeAction),
    Docker(DockerAction),
    /// The steps of a composite action. A `run` step always has a `shell`, and none of the steps
    /// has `timeout-minutes`.
    Composite(Vec<Step>),
}

/// An action in JavaScript. Paths are relative to the action's directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NodeAction {
    /// `node12`, `node16`, `node20` or `node24`, in lower case.
    pub using: String,
    pub main: String,
    pub pre: Option<String>,
    /// `always()` where the file says nothing; no `success()` is added.
    pub pre_if: Expression,
    pub post: Option<String>,
    /// As `pre_if`.
    pub post_if: Expression,
}

/// An action in a container.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DockerAction {
    pub image: ActionImage,
    pub entrypoint: Option<String>,
    /// `None`: the step's `with.args` counts instead. Evaluated with `inputs`.
    pub args: Option<Vec<Token>>,
    /// A mapping, or an expression that gives one. Evaluated with `inputs`.
    pub env: Option<Token>,
    pub pre_entrypoint: Option<String>,
    /// As [`NodeAction::pre_if`].
    pub pre_if: Expression,
    pub post_entrypoint: Option<String>,
    /// As [`NodeAction::pre_if`].
    pub post_if: Expression,
}

/// `runs.image` of an action in a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionImage {
    /// A file to build, relative to the action's directory.
    Dockerfile(String),
    /// What follows `docker://`.
    Image(String),
}
