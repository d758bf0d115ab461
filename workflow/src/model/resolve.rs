//! Mappings that the file does not spell out: one expression gives them, or some of their keys.
//!
//! They are read when the contexts are known, by the rules that the file itself is read by
//! (`semantics` 1.6, points 5 to 7). Invariant: a text that comes out of an expression is never
//! searched for expressions again.

use std::borrow::Cow;

use super::{Concurrency, Environment, RunDefaults, Strategy, read};
use crate::diagnostic::{Diagnostics, Severity};
use crate::expr::{self, EvalError, Value};
use crate::schema::{CONCURRENCY_KEYS, Definition, ENVIRONMENT_KEYS, RUN_DEFAULTS, STRATEGY};
use crate::template::{Token, TokenKind, read_value};

impl Strategy {
    /// With its keys known.
    ///
    /// # Errors
    /// The expression has no value, or its value is no strategy.
    pub fn resolve(&self, contexts: &expr::Environment<'_>) -> Result<Cow<'_, Self>, EvalError> {
        let Some(computed) = &self.computed else { return Ok(Cow::Borrowed(self)) };
        let read = |found: &mut Diagnostics, token| Some(read::strategy(found, token));
        evaluate(computed, contexts, (&STRATEGY, read)).map(Cow::Owned)
    }
}

impl RunDefaults {
    /// With its keys known.
    ///
    /// # Errors
    /// As [`Strategy::resolve`].
    pub fn resolve(&self, contexts: &expr::Environment<'_>) -> Result<Cow<'_, Self>, EvalError> {
        let Some(computed) = &self.computed else { return Ok(Cow::Borrowed(self)) };
        let read = |_: &mut Diagnostics, token| Some(read::run_defaults(token));
        evaluate(computed, contexts, (&RUN_DEFAULTS, read)).map(Cow::Owned)
    }
}

impl Concurrency {
    /// With its keys known.
    ///
    /// # Errors
    /// As [`Strategy::resolve`].
    pub fn resolve(&self, contexts: &expr::Environment<'_>) -> Result<Cow<'_, Self>, EvalError> {
        if !gives_mapping(&self.group, contexts)? {
            return Ok(Cow::Borrowed(self));
        }
        evaluate(&self.group, contexts, (&CONCURRENCY_KEYS, read::concurrency)).map(Cow::Owned)
    }
}

impl Environment {
    /// With its keys known. The URL stays as it is where the file spells it out.
    ///
    /// # Errors
    /// As [`Strategy::resolve`].
    pub fn resolve(&self, contexts: &expr::Environment<'_>) -> Result<Cow<'_, Self>, EvalError> {
        if !gives_mapping(&self.name, contexts)? {
            return Ok(Cow::Borrowed(self));
        }
        let read = |_: &mut Diagnostics, token| read::environment(token);
        let mut resolved = evaluate(&self.name, contexts, (&ENVIRONMENT_KEYS, read))?;
        resolved.url = resolved.url.or_else(|| self.url.clone());
        Ok(Cow::Owned(resolved))
    }
}

/// Whether what may be a text or a mapping is a mapping.
fn gives_mapping(token: &Token, contexts: &expr::Environment<'_>) -> Result<bool, EvalError> {
    match token.kind {
        TokenKind::Mapping(_) => Ok(true),
        TokenKind::Expression(_) => Ok(matches!(token.evaluate(contexts)?, Value::Object(_))),
        _ => Ok(false),
    }
}

/// Evaluates `token` and reads its value as `definition` says.
fn evaluate<T>(
    token: &Token,
    contexts: &expr::Environment<'_>,
    (definition, read): (&'static Definition, impl FnOnce(&mut Diagnostics, Token) -> Option<T>),
) -> Result<T, EvalError> {
    let value = token.evaluate(contexts)?;
    let mut found = Diagnostics::new("");
    let literal = read_value((&value, token.position), definition, &mut found);
    let model = if found.has_errors() { None } else { read(&mut found, literal) };
    let mut errors = found.into_sorted().into_iter().filter(|it| it.severity == Severity::Error);
    match (errors.next(), model) {
        (None, Some(model)) => Ok(model),
        (error, _) => {
            let message = error.map_or_else(|| "Expected a mapping".to_owned(), |it| it.message);
            Err(EvalError { message })
        }
    }
}
