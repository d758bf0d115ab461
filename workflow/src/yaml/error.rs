//! Why a text is not a readable document. There is at most one such error: reading stops there.

use crate::diagnostic::Position;

/// The first thing that stopped the reader.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct YamlError {
    /// Absent when the file as a whole is meant.
    pub position: Option<Position>,
    /// Stable machine-readable name of the rule.
    pub code: &'static str,
    /// GitHub's text where GitHub has one.
    pub message: String,
}

impl YamlError {
    pub(super) fn new(position: Position, code: &'static str, message: impl Into<String>) -> Self {
        Self { position: Some(position), code, message: message.into() }
    }

    /// What the parser of YAML's grammar itself refused.
    pub(super) fn syntax(position: Position, details: &str) -> Self {
        let message = format!("You have an error in your yaml syntax: {details}");
        Self::new(position, "yaml-syntax", message)
    }
}
