//! One entry under `steps:`.

use serde::{Deserialize, Serialize};

use crate::diagnostic::Position;
use crate::expr::Expression;
use crate::template::Token;

/// A step of a job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Step {
    /// The written id, or a generated one that starts with `__` (`semantics` 1.7).
    pub id: String,
    pub position: Position,
    pub name: Option<Token>,
    /// `if:`, with `success() && (...)` already added where GitHub adds it. `always()` for the
    /// kinds that have no `if`.
    pub condition: Expression,
    pub continue_on_error: Option<Token>,
    pub timeout_minutes: Option<Token>,
    pub env: Option<Token>,
    /// The job goes on while the step runs. Only of `Run` and `Uses`.
    #[serde(default)]
    pub background: bool,
    pub kind: StepKind,
}

/// What a step does.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    Run {
        script: Token,
        /// A literal in a workflow; in an action it may be an expression.
        shell: Option<Token>,
        working_directory: Option<Token>,
    },
    Uses {
        uses: Uses,
        with: Option<Token>,
    },
    /// Waits for the steps in the background with these ids.
    Wait {
        steps: Vec<String>,
    },
    /// Waits for all steps in the background.
    WaitAll,
    /// Stops a step in the background.
    Cancel {
        step: String,
    },
    /// Runs its steps, `Run` and `Uses` only, beside each other and waits for them.
    Parallel {
        steps: Vec<Step>,
    },
}

/// The parsed value of a step's `uses:` (`semantics` 1.8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Uses {
    /// `owner/repo[/path]@ref`.
    Repository { owner: String, repository: String, path: Option<String>, git_ref: String },
    /// `./path`, from the workspace on disk.
    Local { path: String },
    /// `docker://image[:tag]`.
    Docker { image: String },
    /// `$/path`, from the repository and commit of the file that says so.
    SelfRepository { path: String },
}
