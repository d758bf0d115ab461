//! Evaluates a key of a workflow file and checks that the value fits the key (`semantics` 1.6).
//!
//! Does not convert between kinds: text in a boolean key is an error, as on GitHub, where users
//! have to write `fromJSON`.

use crate::diagnostic::Position;
use crate::expr::{Environment, Value};
use crate::template::Token;

/// Why a key has no usable value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SlotError {
    /// The key as GitHub names it: `runs-on`, `concurrency`, ...
    pub(crate) key: &'static str,
    pub(crate) position: Position,
    pub(crate) message: String,
}

/// A key to evaluate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot<'a> {
    pub(crate) key: &'static str,
    pub(crate) token: &'a Token,
}

impl<'a> Slot<'a> {
    pub(crate) fn new(key: &'static str, token: &'a Token) -> Self {
        Self { key, token }
    }

    /// The value, whatever its kind.
    pub(crate) fn value(self, environment: &Environment<'_>) -> Result<Value, SlotError> {
        self.token.evaluate(environment).map_err(|error| self.error(error.message))
    }

    /// Text; numbers and booleans are written out, null is empty.
    pub(crate) fn text(self, environment: &Environment<'_>) -> Result<String, SlotError> {
        text_of(&self.value(environment)?).map_err(|message| self.error(message))
    }

    pub(crate) fn boolean(self, environment: &Environment<'_>) -> Result<bool, SlotError> {
        match self.value(environment)? {
            Value::Bool(flag) => Ok(flag),
            other => Err(self.error(unexpected(&other))),
        }
    }

    pub(crate) fn number(self, environment: &Environment<'_>) -> Result<f64, SlotError> {
        match self.value(environment)? {
            Value::Number(number) => Ok(number),
            other => Err(self.error(unexpected(&other))),
        }
    }

    pub(crate) fn error(self, message: impl Into<String>) -> SlotError {
        SlotError { key: self.key, position: self.token.position, message: message.into() }
    }
}

/// The text of a scalar; null is empty.
pub(crate) fn text_of(value: &Value) -> Result<String, String> {
    match value {
        Value::Array(_) | Value::Object(_) => Err(unexpected(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Ok(value.to_text().into_owned())
        }
    }
}

/// GitHub's words for a value of the wrong kind.
pub(crate) fn unexpected(value: &Value) -> String {
    match value {
        Value::Array(_) => "A sequence was not expected".to_owned(),
        Value::Object(_) => "A mapping was not expected".to_owned(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            format!("Unexpected value '{}'", value.to_text())
        }
    }
}
