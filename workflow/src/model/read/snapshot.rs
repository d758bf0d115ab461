//! `snapshot:` of a job, which makes images of hosted machines: checked and passed over.

use super::condition;
use super::keys::Keys;
use crate::diagnostic::Diagnostics;
use crate::schema::STEP_IF;
use crate::template::{Token, TokenKind};

pub(super) fn check(diagnostics: &mut Diagnostics, token: Token) {
    let position = token.position;
    if !matches!(token.kind, TokenKind::Mapping(_)) {
        return;
    }
    let mut keys = Keys::of(token);
    condition::read(diagnostics, keys.take("if"), &STEP_IF);
    let version = keys.take_text("version");
    if let Some(version) = version.filter(|version| !is_version(version)) {
        let message = format!("Expected format '{{major-version}}.*' Actual '{version}'");
        diagnostics.error(Some(position), "snapshot-version", message);
    }
}

/// `1.*`.
fn is_version(text: &str) -> bool {
    let major = text.strip_suffix(".*");
    major.is_some_and(|major| {
        major.bytes().all(|byte| byte.is_ascii_digit()) && major.parse::<i32>().is_ok()
    })
}
