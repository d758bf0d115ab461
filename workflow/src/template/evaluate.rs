//! Tokens to values, once the contexts are known (`semantics` 1.6).
//!
//! Does not check a mapping's keys against the table of keys again. The typed forms do check the
//! type, because a text where a number or a boolean belongs is an error, not a conversion.

use std::borrow::Cow;
use std::collections::HashSet;

use super::token::{Token, TokenKind};
use crate::expr::{Environment, EvalError, Value};

impl Token {
    /// The value of the token, with sequences spliced and `${{ insert }}` merged.
    ///
    /// # Errors
    /// An expression has no value, or a mapping has a key twice after evaluation.
    pub fn evaluate(&self, environment: &Environment<'_>) -> Result<Value, EvalError> {
        match &self.kind {
            TokenKind::Null => Ok(Value::Null),
            TokenKind::Bool(value) => Ok(Value::Bool(*value)),
            TokenKind::Number(number) => Ok(Value::Number(*number)),
            TokenKind::String(text) => Ok(Value::string(text.as_str())),
            TokenKind::Expression(expression) => expression.evaluate(environment),
            TokenKind::Insert => Err(unexpected(&self.display())),
            TokenKind::Sequence(items) => sequence(items, environment),
            TokenKind::Mapping(pairs) => mapping(pairs, environment),
        }
    }

    /// The value where a text belongs: other scalars are converted, null is empty.
    ///
    /// # Errors
    /// As [`Token::evaluate`], or the value is an array or an object.
    pub fn evaluate_text(&self, environment: &Environment<'_>) -> Result<String, EvalError> {
        scalar(&self.evaluate(environment)?).map(Cow::into_owned)
    }

    /// The names and texts where a mapping of texts belongs: `env`, `with`.
    ///
    /// # Errors
    /// As [`Token::evaluate`], or the value is something else.
    pub fn evaluate_texts(
        &self,
        environment: &Environment<'_>,
    ) -> Result<Vec<(String, String)>, EvalError> {
        let value = self.evaluate(environment)?;
        let Value::Object(object) = &value else {
            return Err(unexpected(&scalar(&value)?));
        };
        let pairs = object.entries.iter();
        pairs.map(|(name, value)| Ok((name.clone(), scalar(value)?.into_owned()))).collect()
    }

    /// The value where a boolean belongs.
    ///
    /// # Errors
    /// As [`Token::evaluate`], or the value is something else: the text `true` does not count.
    pub fn evaluate_boolean(&self, environment: &Environment<'_>) -> Result<bool, EvalError> {
        match self.evaluate(environment)? {
            Value::Bool(value) => Ok(value),
            other => Err(unexpected(&scalar(&other)?)),
        }
    }

    /// The value where a number belongs.
    ///
    /// # Errors
    /// As [`Token::evaluate`], or the value is something else: the text `5` does not count.
    pub fn evaluate_number(&self, environment: &Environment<'_>) -> Result<f64, EvalError> {
        match self.evaluate(environment)? {
            Value::Number(number) => Ok(number),
            other => Err(unexpected(&scalar(&other)?)),
        }
    }
}

/// An item that is an expression and gives an array stands for the items of that array.
fn sequence(items: &[Token], environment: &Environment<'_>) -> Result<Value, EvalError> {
    let mut values = Vec::with_capacity(items.len());
    for item in items {
        match item.evaluate(environment)? {
            Value::Array(inner) if item.is_expression() => values.extend(inner.iter().cloned()),
            value => values.push(value),
        }
    }
    Ok(Value::array(values))
}

fn mapping(pairs: &[(Token, Token)], environment: &Environment<'_>) -> Result<Value, EvalError> {
    let mut entries = Entries::default();
    for (key, value) in pairs {
        let value = value.evaluate(environment)?;
        match (&key.kind, value) {
            (TokenKind::Insert, Value::Object(object)) => {
                for (key, value) in &object.entries {
                    entries.insert(key.clone(), value.clone())?;
                }
            }
            (TokenKind::Insert, _) => return Err(error("Expected a mapping")),
            (_, value) => entries.insert(key.evaluate_text(environment)?, value)?,
        }
    }
    Ok(Value::object(entries.list))
}

/// Entries of a mapping, distinct without regard to case.
#[derive(Default)]
struct Entries {
    list: Vec<(String, Value)>,
    seen: HashSet<String>,
}

impl Entries {
    fn insert(&mut self, key: String, value: Value) -> Result<(), EvalError> {
        if !self.seen.insert(key.to_uppercase()) {
            return Err(error(&format!("'{key}' is already defined")));
        }
        self.list.push((key, value));
        Ok(())
    }
}

fn scalar(value: &Value) -> Result<Cow<'_, str>, EvalError> {
    match value {
        Value::Array(_) => Err(error("A sequence was not expected")),
        Value::Object(_) => Err(error("A mapping was not expected")),
        _ => Ok(value.to_text()),
    }
}

fn unexpected(text: &str) -> EvalError {
    error(&format!("Unexpected value '{text}'"))
}

fn error(message: &str) -> EvalError {
    EvalError { message: message.to_owned() }
}
