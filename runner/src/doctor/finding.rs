//! One thing that was looked at.

use serde::Serialize;

/// What was found, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at, in one or two words.
    pub name: &'static str,
    pub severity: Severity,
    pub message: String,
    /// What to do; empty when there is nothing to do.
    pub hint: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Good,
    /// Jobs run, with less protection or less room than they could have.
    Warning,
    /// Jobs do not run.
    Problem,
}

impl Finding {
    pub(super) fn good(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, severity: Severity::Good, message: message.into(), hint: "" }
    }

    pub(super) fn warning(
        name: &'static str,
        message: impl Into<String>,
        hint: &'static str,
    ) -> Self {
        Self { name, severity: Severity::Warning, message: message.into(), hint }
    }

    pub(super) fn problem(
        name: &'static str,
        message: impl Into<String>,
        hint: &'static str,
    ) -> Self {
        Self { name, severity: Severity::Problem, message: message.into(), hint }
    }
}
