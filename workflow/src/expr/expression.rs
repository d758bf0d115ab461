//! A parsed expression: from text, to text, and to a value.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::environment::{Allowed, Environment};
use super::value::Value;

/// A parsed expression. It serializes as its text.
#[derive(Clone, Debug)]
pub struct Expression {
    text: String,
}

/// Why a text is not an expression, in GitHub's words (`semantics` 2.11).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    pub message: String,
    /// 1-based, in characters, within the expression.
    pub offset: usize,
}

/// Why an evaluation has no value, in GitHub's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvalError {
    pub message: String,
}

impl Expression {
    /// Parses `text` (without `${{` and `}}`), naming only what `allowed` has.
    pub fn parse(text: &str, allowed: &Allowed) -> Result<Self, ParseError> {
        let _ = (text, allowed);
        todo!()
    }

    /// The text between `${{` and `}}`, trimmed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Evaluates against `environment`.
    pub fn evaluate(&self, environment: &Environment<'_>) -> Result<Value, EvalError> {
        let _ = environment;
        todo!()
    }

    /// Whether `success`, `failure`, `always` or `cancelled` is called anywhere.
    #[must_use]
    pub fn calls_status_function(&self) -> bool {
        todo!()
    }

    /// The names `X` in `secrets.X` and `secrets['X']`; `None` when the whole context or a computed
    /// name is used, so that every secret may be read.
    #[must_use]
    pub fn referenced_properties(&self, context: &str) -> Option<Vec<String>> {
        let _ = context;
        todo!()
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Expression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text, &Allowed::ANYTHING).map_err(serde::de::Error::custom)
    }
}
