//! `format(text, ...)`: arguments in place of `{0}`, `{1}`, ...; `{{` and `}}` are braces.
//!
//! The whole text is checked before any argument is evaluated. Invariant: an argument is evaluated
//! at most once, and only if the text names it.

use std::borrow::Cow;

use super::super::evaluate::{Evaluated, Evaluator};
use super::super::expression::EvalError;
use super::super::node::Node;
use super::super::value::Value;

enum Segment<'t> {
    Text(&'t str),
    Argument(usize),
}

pub(super) fn call<'a>(
    evaluator: &Evaluator<'a>,
    arguments: &'a [Node],
) -> Result<Evaluated<'a>, EvalError> {
    let [format, arguments @ ..] = arguments else { return Ok(Evaluated::NULL) };
    let format = evaluator.value(format)?;
    let format = format.to_text();
    let segments = split(&format, arguments.len())?;
    let mut values: Vec<Option<Cow<'a, Value>>> = vec![None; arguments.len()];
    let mut text = String::new();
    for segment in segments {
        let part = match segment {
            Segment::Text(part) => Cow::Borrowed(part),
            Segment::Argument(position) => {
                if values[position].is_none() {
                    values[position] = Some(evaluator.value(&arguments[position])?);
                }
                values[position].as_deref().map(Value::to_text).unwrap_or_default()
            }
        };
        evaluator.count(part.len())?;
        text.push_str(&part);
    }
    Ok(Evaluated::owned(Value::string(text)))
}

fn split(format: &str, n_arguments: usize) -> Result<Vec<Segment<'_>>, EvalError> {
    let mut segments = Vec::new();
    let mut rest = format;
    while let Some(brace) = rest.find(['{', '}']) {
        let (text, from_brace) = rest.split_at(brace);
        if from_brace.starts_with("{{") || from_brace.starts_with("}}") {
            // The text and one of the two braces.
            segments.push(Segment::Text(&rest[..=brace]));
            rest = &from_brace[2..];
            continue;
        }
        segments.push(Segment::Text(text));
        let (argument, after) = argument(from_brace).ok_or_else(|| invalid(format))?;
        if argument >= n_arguments {
            let what = "The following format string references more arguments than were supplied: ";
            return Err(EvalError { message: format!("{what}{format}") });
        }
        segments.push(Segment::Argument(argument));
        rest = after;
    }
    segments.push(Segment::Text(rest));
    Ok(segments)
}

/// Reads `{N}` with N up to 255, and gives N and what follows.
fn argument(from_brace: &str) -> Option<(usize, &str)> {
    let body = from_brace.strip_prefix('{')?;
    let (digits, after) = body.split_once('}')?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u8 = digits.parse().ok()?;
    Some((usize::from(number), after))
}

fn invalid(format: &str) -> EvalError {
    EvalError { message: format!("The following format string is invalid: {format}") }
}
