//! `${{ }}` within a scalar (`semantics` 1.6): finding the expressions and making them one.
//!
//! Does not decide whether an expression may stand at its place. Invariant: whatever is returned as
//! an expression has been parsed with the contexts of its place.

use crate::expr::{Allowed, Expression};

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

enum Segment<'a> {
    Text(&'a str),
    /// Trimmed, without `${{` and `}}`.
    Expression(&'a str),
}

/// Reads the text of a scalar.
pub(super) fn parse(text: &str, allowed: &Allowed) -> Result<Interpolation, Refusal> {
    let segments = split(text)?;
    match segments.as_slice() {
        [] => Ok(Interpolation::Literal(String::new())),
        [Segment::Text(text)] => Ok(Interpolation::Literal((*text).to_owned())),
        [Segment::Expression(text)] => whole(text, allowed),
        _ => combine(&segments, allowed),
    }
}

/// Cuts a text at its expressions. `}}` within a string of the expression does not close it.
fn split(text: &str) -> Result<Vec<Segment<'_>>, Refusal> {
    let mut segments = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(OPEN) {
        if start > 0 {
            segments.push(Segment::Text(&rest[..start]));
        }
        let body = &rest[start + OPEN.len()..];
        let end = closing(body).ok_or_else(not_closed)?;
        let expression = body[..end].trim();
        if expression.is_empty() {
            return Err(Refusal::new("expected-expression", "An expression was expected"));
        }
        segments.push(Segment::Expression(expression));
        rest = &body[end + CLOSE.len()..];
    }
    if !rest.is_empty() {
        segments.push(Segment::Text(rest));
    }
    Ok(segments)
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
    let expression = expression(text, allowed)?;
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
fn combine(segments: &[Segment<'_>], allowed: &Allowed) -> Result<Interpolation, Refusal> {
    let (mut pattern, mut arguments) = (String::new(), String::new());
    let mut n_arguments = 0;
    for segment in segments {
        match segment {
            Segment::Text(text) => {
                let escaped = text.replace('\'', "''").replace('{', "{{").replace('}', "}}");
                pattern.push_str(&escaped);
            }
            Segment::Expression(text) => {
                if is_insert(text)? {
                    return Err(insert_within_text());
                }
                expression(text, allowed)?;
                pattern.push_str(&format!("{{{n_arguments}}}"));
                arguments.push_str(&format!(", {text}"));
                n_arguments += 1;
            }
        }
    }
    let combined = expression(&format!("format('{pattern}'{arguments})"), allowed)?;
    Ok(Interpolation::Expression(combined))
}

fn insert_within_text() -> Refusal {
    Refusal::new(
        "insert-within-text",
        "The directive 'insert' is not allowed in this context. Directives are not supported for \
         expressions that are embedded within a string. Directives are only supported when the \
         entire value is an expression.",
    )
}

fn expression(text: &str, allowed: &Allowed) -> Result<Expression, Refusal> {
    Expression::parse(text, allowed)
        .map_err(|error| Refusal { code: "expression", message: error.message })
}
