//! A parsed expression: from text, to text, and to a value.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::environment::{Allowed, Environment};
use super::evaluate::Evaluator;
use super::node::Node;
use super::value::Value;
use super::{parser, references};

/// A parsed expression. It serializes as its text. Cloning is cheap: the tree is shared.
#[derive(Clone)]
pub struct Expression {
    parsed: Arc<Parsed>,
}

struct Parsed {
    text: String,
    root: Node,
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
        let text = text.trim();
        let root = parser::parse(text, allowed)?;
        Ok(Self { parsed: Arc::new(Parsed { text: text.to_owned(), root }) })
    }

    /// The text between `${{` and `}}`, trimmed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.parsed.text
    }

    /// Evaluates against `environment`.
    pub fn evaluate(&self, environment: &Environment<'_>) -> Result<Value, EvalError> {
        Evaluator::new(*environment, self.text()).value(&self.parsed.root).map(Cow::into_owned)
    }

    /// Whether `success`, `failure`, `always` or `cancelled` is called anywhere.
    #[must_use]
    pub fn calls_status_function(&self) -> bool {
        references::calls_status_function(&self.parsed.root)
    }

    /// The names `X` in `secrets.X` and `secrets['X']`; `None` when the whole context or a computed
    /// name is used, so that every secret may be read.
    #[must_use]
    pub fn referenced_properties(&self, context: &str) -> Option<Vec<String>> {
        references::properties_of(context, &self.parsed.root)
    }

    /// Whether the value may depend on what other jobs put out, and not only on how they ended.
    #[must_use]
    pub fn reads_outputs_of_needs(&self) -> bool {
        references::reads_outputs_of_needs(&self.parsed.root)
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.text()).finish()
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl Serialize for Expression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text())
    }
}

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text, &Allowed::ANYTHING).map_err(serde::de::Error::custom)
    }
}
