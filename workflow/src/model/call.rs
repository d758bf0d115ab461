//! Reusable workflows: what a file declares for its callers, and what a caller passes.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::InputKind;
use crate::diagnostic::Position;
use crate::template::Token;

/// `on.workflow_call`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct WorkflowCall {
    pub inputs: Vec<CallInput>,
    pub secrets: Vec<CallSecret>,
    /// Name and value, in file order; evaluated when the called jobs have ended.
    pub outputs: Vec<(String, Token)>,
}

/// One input that a caller may pass.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallInput {
    pub name: String,
    pub description: Option<String>,
    /// String, boolean or number.
    pub kind: InputKind,
    pub required: bool,
    pub default: Option<Token>,
}

/// One secret that a caller may pass.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallSecret {
    pub name: String,
    pub description: Option<String>,
    pub required: bool,
}

/// The keys only a job that calls a reusable workflow has.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallJob {
    pub uses: CallUses,
    pub uses_position: Position,
    /// Where the job's id stands, which is where GitHub shows excessive permissions.
    pub id_position: Position,
    /// Name and value, in file order.
    pub with: Vec<(String, Token)>,
    pub secrets: CallSecrets,
}

/// The file that a job calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallUses {
    /// `./` or `$/`: a file of the repository and commit that holds the caller.
    Local { path: String },
    /// `owner/repository/path@ref`.
    Repository { repository: String, path: String, git_ref: String },
}

impl fmt::Display for CallUses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local { path } => write!(f, "./{path}"),
            Self::Repository { repository, path, git_ref } => {
                write!(f, "{repository}/{path}@{git_ref}")
            }
        }
    }
}

/// `secrets:` of a calling job.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallSecrets {
    /// The called jobs see none.
    #[default]
    None,
    /// The called jobs see those of the caller.
    Inherit,
    /// Name and value, in file order.
    Named(Vec<(String, Token)>),
}
