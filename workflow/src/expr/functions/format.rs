//! `format(text, ...)`: arguments in place of `{0}`, `{1}`, ...; `{{` and `}}` are braces.
//!
//! The whole text is checked before any argument is evaluated. Invariant: an argument is evaluated
//! at most once, and only if the text names it.

use std::borrow::Cow;

use smallvec::{SmallVec, smallvec};

use super::super::evaluate::{Evaluated, Evaluator};
use super::super::expression::EvalError;
use super::super::node::Node;
use super::super::value::Value;

/// Room for an argument's text.
const LIKELY_BYTES: usize = 24;

/// What is next in a format: text, and the number of the argument behind it.
struct Piece<'t> {
    text: &'t str,
    argument: Option<usize>,
}

pub(super) fn call<'a>(
    evaluator: &Evaluator<'a>,
    arguments: &'a [Node],
) -> Result<Evaluated<'a>, EvalError> {
    let [format, arguments @ ..] = arguments else { return Ok(Evaluated::NULL) };
    let format = evaluator.value(format)?;
    let format = format.to_text();
    check(&format, arguments.len())?;
    let mut values: SmallVec<[Option<Cow<'a, Value>>; 6]> = smallvec![None; arguments.len()];
    let mut text = String::with_capacity(format.len() + LIKELY_BYTES * arguments.len());
    let mut rest = &*format;
    while let Some(Ok(Piece { text: literal, argument })) = next_piece(&mut rest) {
        evaluator.count(literal.len())?;
        text.push_str(literal);
        let Some(argument) = argument else { continue };
        if values[argument].is_none() {
            values[argument] = Some(evaluator.value(&arguments[argument])?);
        }
        let value = values[argument].as_deref().map(Value::to_text).unwrap_or_default();
        evaluator.count(value.len())?;
        text.push_str(&value);
    }
    Ok(Evaluated::owned(Value::string(text)))
}

/// Whether the whole format is one, and names no more arguments than there are.
fn check(format: &str, n_arguments: usize) -> Result<(), EvalError> {
    let mut rest = format;
    while let Some(piece) = next_piece(&mut rest) {
        let piece = piece.map_err(|Invalid| invalid(format))?;
        if piece.argument.is_some_and(|argument| argument >= n_arguments) {
            let what = "The following format string references more arguments than were supplied: ";
            return Err(EvalError { message: format!("{what}{format}") });
        }
    }
    Ok(())
}

/// A brace that is neither doubled nor around a number.
struct Invalid;

/// Takes one piece off `rest`, which is empty after the last.
fn next_piece<'t>(rest: &mut &'t str) -> Option<Result<Piece<'t>, Invalid>> {
    if rest.is_empty() {
        return None;
    }
    let Some(brace) = rest.bytes().position(|byte| matches!(byte, b'{' | b'}')) else {
        return Some(Ok(Piece { text: std::mem::take(rest), argument: None }));
    };
    let (text, from_brace) = rest.split_at(brace);
    if from_brace.starts_with("{{") || from_brace.starts_with("}}") {
        // The text and one of the two braces.
        let text = &rest[..=brace];
        *rest = &from_brace[2..];
        return Some(Ok(Piece { text, argument: None }));
    }
    let Some((argument, after)) = argument(from_brace) else { return Some(Err(Invalid)) };
    *rest = after;
    Some(Ok(Piece { text, argument: Some(argument) }))
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
