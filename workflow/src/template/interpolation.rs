//! `${{ }}` within a scalar (`semantics` 1.6): finding the expressions and making them one.
//!
//! Does not decide whether an expression may stand at its place. Invariant: whatever is returned as
//! an expression has been parsed with the contexts of its place.

use crate::expr::{Allowed, Expression, ParseError, Part};

const OPEN: &str = "${{";
const CLOSE: &str = "}}";

/// What a scalar with or without `${{ }}` is.
#[derive(Debug)]
pub(super) enum Interpolation {
    /// No expression, or one that is a lone string literal.
    Literal(String),
    Expression(Expression),
    /// `${{ insert }}`.
    Insert,
}

/// Why a scalar cannot be read.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Refusal {
    fn new(code: &'static str, message: &str) -> Self {
        Self { code, message: message.to_owned() }
    }
}

impl From<ParseError> for Refusal {
    fn from(error: ParseError) -> Self {
        Self { code: "expression", message: error.message }
    }
}

/// Reads the text of a scalar.
pub(super) fn parse(text: &str, allowed: &Allowed) -> Result<Interpolation, Refusal> {
    let parts = split(text)?;
    match parts.as_slice() {
        [] => Ok(Interpolation::Literal(String::new())),
        [Part::Text(text)] => Ok(Interpolation::Literal((*text).to_owned())),
        [Part::Expression(text)] => whole(text, allowed),
        _ => combine(&parts, allowed),
    }
}

/// Cuts a text at its expressions. `}}` within a string of the expression does not close it.
fn split(text: &str) -> Result<Vec<Part<'_>>, Refusal> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(OPEN) {
        if start > 0 {
            parts.push(Part::Text(&rest[..start]));
        }
        let body = &rest[start + OPEN.len()..];
        let end = closing(body).ok_or_else(not_closed)?;
        let expression = body[..end].trim();
        if expression.is_empty() {
            return Err(Refusal::new("expected-expression", "An expression was expected"));
        }
        parts.push(Part::Expression(expression));
        rest = &body[end + CLOSE.len()..];
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    Ok(parts)
}

/// Where the expression that `body` starts with is closed. A doubled quote leaves and enters the
/// string again, so it needs no care.
fn closing(body: &str) -> Option<usize> {
    let mut in_string = false;
    let bytes = body.as_bytes();
    (0..bytes.len()).find(|&at| {
        in_string ^= bytes[at] == b'\'';
        !in_string && bytes[at..].starts_with(CLOSE.as_bytes())
    })
}

fn not_closed() -> Refusal {
    Refusal::new(
        "expression-not-closed",
        "The expression is not closed. An unescaped ${{ sequence was found, but the closing }} \
         sequence was not found.",
    )
}

/// An expression that is the whole scalar keeps the type of its value.
fn whole(text: &str, allowed: &Allowed) -> Result<Interpolation, Refusal> {
    if is_insert(text)? {
        return Ok(Interpolation::Insert);
    }
    let expression = Expression::parse(text, allowed)?;
    Ok(match string_literal(text) {
        Some(literal) => Interpolation::Literal(literal),
        None => Interpolation::Expression(expression),
    })
}

fn is_insert(text: &str) -> Result<bool, Refusal> {
    match text.strip_prefix("insert") {
        Some("") => Ok(true),
        Some(rest) if rest.starts_with(char::is_whitespace) => {
            let count = rest.split_whitespace().count();
            let message = format!(
                "Exactly 0 parameter(s) were expected following the directive 'insert'. \
                 Actual parameter count: {count}"
            );
            Err(Refusal { code: "insert-parameters", message })
        }
        _ => Ok(false),
    }
}

/// The value of a text that is nothing but one string literal.
fn string_literal(text: &str) -> Option<String> {
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
    let is_one = inner.split("''").all(|part| !part.contains('\''));
    is_one.then(|| inner.replace("''", "'"))
}

/// Text and expressions become one call of `format`, whose length limit then covers all of it.
fn combine(parts: &[Part<'_>], allowed: &Allowed) -> Result<Interpolation, Refusal> {
    for (index, part) in parts.iter().enumerate() {
        let Part::Expression(text) = part else { continue };
        let refusal = match is_insert(text) {
            Ok(false) => continue,
            Ok(true) => insert_within_text(),
            Err(refusal) => refusal,
        };
        // What is wrong before it is said first.
        Expression::of_parts(&parts[..index], allowed)?;
        return Err(refusal);
    }
    Ok(Interpolation::Expression(Expression::of_parts(parts, allowed)?))
}

fn insert_within_text() -> Refusal {
    Refusal::new(
        "insert-within-text",
        "The directive 'insert' is not allowed in this context. Directives are not supported for \
         expressions that are embedded within a string. Directives are only supported when the \
         entire value is an expression.",
    )
}
