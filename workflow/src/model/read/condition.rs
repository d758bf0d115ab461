//! `if:` of jobs and steps (`semantics` 2.10).
//!
//! Invariant: a condition that asks for no status has `success()` in front of it.

use std::sync::LazyLock;

use crate::diagnostic::{Diagnostics, Position};
use crate::expr::{Allowed, Expression};
use crate::template::{Token, TokenKind};

const SUCCESS: &str = "success()";

/// What most jobs and steps have; allowed wherever there is an `if`.
static DEFAULT: LazyLock<Option<Expression>> =
    LazyLock::new(|| Expression::parse(SUCCESS, &Allowed::ANYTHING).ok());

/// The condition of a job or step, `success()` where it has none. `None` after an error.
pub(super) fn read(
    diagnostics: &mut Diagnostics,
    token: Option<Token>,
    allowed: &Allowed,
) -> Option<Expression> {
    let Some(token) = token else {
        return DEFAULT.clone();
    };
    let position = token.position;
    let written = match token.kind {
        TokenKind::Expression(expression) => {
            warn_of_text_around(diagnostics, position, expression.text());
            Ok(expression)
        }
        _ => {
            let text = token.literal_text().unwrap_or_default();
            let text = text.trim();
            Expression::parse(if text.is_empty() { SUCCESS } else { text }, allowed)
        }
    };
    let condition = written.and_then(|condition| with_status(condition, allowed));
    condition.map_err(|error| diagnostics.error(Some(position), "expression", error.message)).ok()
}

fn with_status(
    condition: Expression,
    allowed: &Allowed,
) -> Result<Expression, crate::expr::ParseError> {
    if condition.calls_status_function() {
        return Ok(condition);
    }
    condition.if_successful(allowed)
}

/// Text around `${{ }}` makes a condition that is a text, and so always true.
fn warn_of_text_around(diagnostics: &mut Diagnostics, position: Position, expression: &str) {
    if format_pattern(expression).is_some_and(has_literal_text) {
        let message = "Conditional expression contains literal text outside replacement tokens. \
                       This will cause the expression to always evaluate to truthy. Did you mean \
                       to put the entire expression inside ${{ }}?";
        diagnostics.warn(position, "condition-text", message);
    }
}

/// The pattern of an expression that is one call of `format` and nothing else.
fn format_pattern(expression: &str) -> Option<&str> {
    let rest = expression.strip_prefix("format('")?;
    let (mut depth, mut in_string) = (1_usize, true);
    let end = rest.find(|c| {
        match c {
            '\'' => in_string = !in_string,
            '(' if !in_string => depth += 1,
            ')' if !in_string => depth -= 1,
            _ => {}
        }
        depth == 0
    })?;
    let pattern_end = rest.replace("''", "  ").find('\'')?;
    (end + 1 == rest.len()).then(|| &rest[..pattern_end])
}

/// Whether a pattern is more than placeholders: what stands outside of braces is every other part.
fn has_literal_text(pattern: &str) -> bool {
    pattern.split(['{', '}']).step_by(2).any(|part| !part.is_empty())
}
