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

/// Characters of a message; what is longer is cut, as on GitHub.
const MAX_MESSAGE_CHARACTERS: usize = 500;

/// Warnings kept per file. Further ones are dropped: each names a place, and this many already
/// show what is wrong with the file.
const MAX_WARNINGS: usize = 50;

/// Collects what the readers of one file find.
#[derive(Clone, Debug)]
pub struct Diagnostics {
    file: String,
    list: Vec<Diagnostic>,
    errors: usize,
    warnings: usize,
}

impl Diagnostics {
    #[must_use]
    pub fn new(file: &str) -> Self {
        Self { file: file.to_owned(), list: Vec::new(), errors: 0, warnings: 0 }
    }

    /// Adds an error. Those beyond [`MAX_DIAGNOSTICS`] are counted only.
    pub fn error(&mut self, position: Option<Position>, code: &str, message: impl Into<String>) {
        self.errors += 1;
        if self.errors <= MAX_DIAGNOSTICS {
            self.push(position, Severity::Error, code, message.into());
        }
    }

    /// Adds a warning.
    pub fn warn(&mut self, position: Position, code: &str, message: impl Into<String>) {
        self.warnings += 1;
        if self.warnings <= MAX_WARNINGS {
            self.push(Some(position), Severity::Warning, code, message.into());
        }
    }

    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// In file order; what concerns the file as a whole comes first.
    #[must_use]
    pub fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.list.sort_by_key(|diagnostic| diagnostic.position);
        self.list
    }

    fn push(&mut self, position: Option<Position>, severity: Severity, code: &str, text: String) {
        let message = shorten(text);
        let (file, code) = (self.file.clone(), code.to_owned());
        self.list.push(Diagnostic { file, position, severity, code, message });
    }
}

fn shorten(text: String) -> String {
    match text.char_indices().nth(MAX_MESSAGE_CHARACTERS) {
        Some((end, _)) => format!("{}[...]", &text[..end]),
        None => text,
    }
}
