//! Messages about a file, at a line and a column, in GitHub's wording.
//!
//! Does not decide what is wrong; the readers do. Invariant: positions are 1-based.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Errors reported per file; GitHub stops at the same number (`TemplateValidationErrors`).
pub const MAX_DIAGNOSTICS: usize = 10;

/// A place in a file. Lines and columns start at 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

impl Position {
    pub const START: Self = Self { line: 1, column: 1 };

    #[must_use]
    pub fn new(line: u32, column: u32) -> Self {
        Self { line, column }
    }
}

/// Whether a message stops the workflow from running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The workflow does not run.
    Error,
    /// The workflow runs; something in it is not honoured or probably not meant.
    Warning,
}

/// One message about one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Path in the repository, for example `.github/workflows/ci-cd.yml`.
    pub file: String,
    /// Absent when the message concerns the file as a whole.
    pub position: Option<Position>,
    pub severity: Severity,
    /// Stable machine-readable name of the rule, for example `unexpected-value`.
    pub code: String,
    /// GitHub's text where GitHub has one.
    pub message: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some(Position { line, column }) => {
                write!(f, "{} (Line: {line}, Col: {column}): {}", self.file, self.message)
            }
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}
