//! Everything the language has and Gantry does not honour yet: one function each.
//!
//! A warning where the run does the same without it, an error where it would do something else.
//! Invariant: each message says what happens, at the place that asks for it.

use super::keys::Keys;
use crate::diagnostic::{Diagnostics, Position};
use crate::template::{Token, TokenKind};

const CODE: &str = "not-supported-yet";

pub(super) fn permissions(diagnostics: &mut Diagnostics, position: Position) {
    let message = "`permissions` has no effect yet: jobs get no token of their own";
    diagnostics.warn(position, CODE, message);
}

pub(super) fn concurrency(diagnostics: &mut Diagnostics, position: Position) {
    let message = "`concurrency` has no effect yet: runs of the same group are neither held back \
                   nor cancelled";
    diagnostics.warn(position, CODE, message);
}

pub(super) fn event_key(diagnostics: &mut Diagnostics, position: Position, key: &str) {
    diagnostics.warn(position, CODE, format!("The filter `{key}` has no effect yet"));
}

pub(super) fn workflow_call(diagnostics: &mut Diagnostics, position: Position) {
    let message = "`workflow_call` has no effect yet: no other workflow can call this one";
    diagnostics.warn(position, CODE, message);
}

pub(super) fn call_job(diagnostics: &mut Diagnostics, position: Position) {
    error(diagnostics, position, "Calling a reusable workflow (`uses` of a job)");
}

pub(super) fn self_repository(diagnostics: &mut Diagnostics, position: Position) {
    error(diagnostics, position, "An action of the same repository and commit (`$/path`)");
}

pub(super) fn snapshot(diagnostics: &mut Diagnostics, position: Position) {
    error(diagnostics, position, "`snapshot`");
}

/// A mapping of known keys that is one expression, where Gantry takes the keys from the file.
pub(super) fn computed_mapping(diagnostics: &mut Diagnostics, token: &Token, key: &str) {
    let computed = if token.is_expression() { Some(token) } else { computed_key(token) };
    if let Some(token) = computed {
        let what = format!("`{key}` whose keys are computed by an expression");
        error(diagnostics, token.position, &what);
    }
}

/// An expression where Gantry takes the value from the file.
pub(super) fn computed_value(diagnostics: &mut Diagnostics, token: Option<&Token>, key: &str) {
    if let Some(token) = token.filter(|token| token.is_expression()) {
        error(diagnostics, token.position, &format!("An expression as `{key}`"));
    }
}

fn computed_key(token: &Token) -> Option<&Token> {
    token.pairs().iter().map(|(key, _)| key).find(|key| key.is_expression())
}

/// The kinds of steps of June 2026 that run beside others.
pub(super) fn step(diagnostics: &mut Diagnostics, keys: &mut Keys, position: Position) {
    for key in ["wait", "wait-all", "cancel", "parallel"] {
        if keys.take(key).is_some() {
            error(diagnostics, position, &format!("A `{key}` step"));
        }
    }
    if let Some(token) = keys.take("background")
        && !matches!(token.kind, TokenKind::Bool(false))
    {
        error(diagnostics, token.position, "A step in the `background`");
    }
}

fn error(diagnostics: &mut Diagnostics, position: Position, what: &str) {
    diagnostics.error(Some(position), CODE, format!("{what} is not supported yet"));
}
