//! A parsed expression: from text, to text, and to a value.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::environment::{Allowed, Environment};
use super::evaluate::Evaluator;
use super::parser::{self, Tree};
use super::references;
use super::value::Value;

/// A parsed expression. It serializes as its text. Cloning is cheap: the tree is shared.
#[derive(Clone)]
pub struct Expression {
    parsed: Arc<Parsed>,
}

struct Parsed {
    text: String,
    tree: Tree,
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
        Ok(Self::new(text.to_owned(), parser::parse(text, allowed)?))
    }

    /// `tree` must be what `text` parses to.
    pub(super) fn new(text: String, tree: Tree) -> Self {
        Self { parsed: Arc::new(Parsed { text, tree }) }
    }

    /// The tree, if nobody else shares it.
    pub(super) fn into_tree(self) -> Option<Tree> {
        Arc::into_inner(self.parsed).map(|parsed| parsed.tree)
    }

    pub(super) fn depth(&self) -> usize {
        self.parsed.tree.depth
    }

    /// The text between `${{` and `}}`, trimmed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.parsed.text
    }

    /// Evaluates against `environment`.
    pub fn evaluate(&self, environment: &Environment<'_>) -> Result<Value, EvalError> {
        Evaluator::new(*environment, self.text()).value(&self.parsed.tree.node).map(Cow::into_owned)
    }

    /// Whether `success`, `failure`, `always` or `cancelled` is called anywhere.
    #[must_use]
    pub fn calls_status_function(&self) -> bool {
        references::calls_status_function(&self.parsed.tree.node)
    }

    /// The names `X` in `secrets.X` and `secrets['X']`; `None` when the whole context or a computed
    /// name is used, so that every secret may be read.
    #[must_use]
    pub fn referenced_properties(&self, context: &str) -> Option<Vec<String>> {
        references::properties_of(context, &self.parsed.tree.node)
    }

    /// Whether the value may depend on what other jobs put out, and not only on how they ended.
    #[must_use]
    pub fn reads_outputs_of_needs(&self) -> bool {
        references::reads_outputs_of_needs(&self.parsed.tree.node)
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
