//! `if:` of jobs and steps (`semantics` 2.10).
//!
//! Invariant: a condition that asks for no status has `success()` in front of it.

use crate::diagnostic::Diagnostics;
use crate::expr::{Allowed, Expression};
use crate::template::{Token, TokenKind};

const SUCCESS: &str = "success()";

/// The condition of a job or step, `success()` where it has none. `None` after an error.
pub(super) fn read(
    diagnostics: &mut Diagnostics,
    token: Option<Token>,
    allowed: &Allowed,
) -> Option<Expression> {
    let Some(token) = token else {
        return Expression::parse(SUCCESS, allowed).ok();
    };
    let written = match &token.kind {
        TokenKind::Expression(expression) => {
            warn_of_text_around(diagnostics, &token, expression.text());
            Ok(expression.clone())
        }
        _ => {
            let text = token.literal_text().unwrap_or_default();
            let text = text.trim();
            Expression::parse(if text.is_empty() { SUCCESS } else { text }, allowed)
        }
    };
    let condition = written.and_then(|condition| with_status(condition, allowed));
    condition
        .map_err(|error| diagnostics.error(Some(token.position), "expression", error.message))
        .ok()
}

fn with_status(
    condition: Expression,
    allowed: &Allowed,
) -> Result<Expression, crate::expr::ParseError> {
    if condition.calls_status_function() {
        return Ok(condition);
    }
    Expression::parse(&format!("{SUCCESS} && ({condition})"), allowed)
}

/// Text around `${{ }}` makes a condition that is a text, and so always true.
fn warn_of_text_around(diagnostics: &mut Diagnostics, token: &Token, expression: &str) {
    if is_text_with_placeholders(expression) {
        let message = "Conditional expression contains literal text outside replacement tokens. \
                       This will cause the expression to always evaluate to truthy. Did you mean \
                       to put the entire expression inside ${{ }}?";
        diagnostics.warn(token.position, "condition-text", message);
    }
}

/// Whether the whole expression is a call of `format` whose pattern is more than one placeholder.
fn is_text_with_placeholders(expression: &str) -> bool {
    let Some(rest) = expression.strip_prefix("format('") else { return false };
    let mut depth = 1_usize;
    let mut in_string = true;
    for (at, c) in rest.char_indices() {
        match c {
            '\'' => in_string = !in_string,
            '(' if !in_string => depth += 1,
            ')' if !in_string => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1 == rest.len() && !rest.starts_with("{0}'");
        }
    }
    false
}
