//! Keys that a workflow and its jobs share: permissions, concurrency, defaults.

use super::keys::{Keys, named};
use crate::diagnostic::{Diagnostics, Position};
use crate::model::{Access, Concurrency, Permissions, RunDefaults};
use crate::template::{Token, TokenKind};

/// Characters of a concurrency group's name; GitHub's message says "less than", its check "more".
const MAX_GROUP_CHARACTERS: usize = 400;

pub(super) fn permissions(keys: &mut Keys) -> Option<Permissions> {
    let token = keys.take("permissions")?;
    if let Some(word) = token.literal_text() {
        return Some(match word.as_ref() {
            "write-all" => Permissions::WriteAll,
            _ => Permissions::ReadAll,
        });
    }
    let scope = |(scope, _, access): (String, Token, Token)| {
        let access = match access.literal_text()?.as_ref() {
            "write" => Access::Write,
            "read" => Access::Read,
            _ => Access::None,
        };
        Some((scope, access))
    };
    Some(Permissions::Scopes(named(token).filter_map(scope).collect()))
}

pub(super) fn take_concurrency(
    diagnostics: &mut Diagnostics,
    keys: &mut Keys,
) -> Option<Concurrency> {
    let token = keys.take("concurrency")?;
    concurrency(diagnostics, token)
}

/// `concurrency:`, or the value that its expression gave.
pub(in crate::model) fn concurrency(
    diagnostics: &mut Diagnostics,
    token: Token,
) -> Option<Concurrency> {
    let position = token.position;
    let whole = |group| Concurrency { position, group, cancel_in_progress: None, queue_max: false };
    let queue_is_computed = token.get("queue").is_some_and(Token::is_expression);
    let concurrency = match token.kind {
        TokenKind::Mapping(_) if !queue_is_computed && !token.has_unknown_keys() => {
            let mut keys = Keys::of(token);
            Concurrency {
                position,
                group: keys.take("group")?,
                cancel_in_progress: keys.take("cancel-in-progress"),
                queue_max: keys.take_text("queue").as_deref() == Some("max"),
            }
        }
        _ => whole(token),
    };
    check_concurrency(diagnostics, &concurrency);
    Some(concurrency)
}

fn check_concurrency(diagnostics: &mut Diagnostics, concurrency: &Concurrency) {
    let group = &concurrency.group;
    let mut error = |position: Position, message: &str| {
        diagnostics.error(Some(position), "concurrency", message);
    };
    if let Some(name) = group.literal_text() {
        if name.is_empty() {
            error(group.position, "Concurrency group name cannot be empty");
        } else if name.chars().count() > MAX_GROUP_CHARACTERS {
            error(group.position, "Concurrency group name must be less than 400 characters");
        }
    }
    let cancels = concurrency.cancel_in_progress.as_ref().map(|token| &token.kind);
    if concurrency.queue_max && matches!(cancels, Some(TokenKind::Bool(true))) {
        let message = "'queue: max' cannot be combined with 'cancel-in-progress: true'.";
        error(concurrency.position, message);
    }
}

pub(super) fn defaults(keys: &mut Keys) -> RunDefaults {
    let run = keys.take("defaults").and_then(|token| Keys::of(token).take("run"));
    run.map(run_defaults).unwrap_or_default()
}

/// `defaults.run`, or the value that its expression gave.
pub(in crate::model) fn run_defaults(run: Token) -> RunDefaults {
    if run.has_unknown_keys() {
        return RunDefaults { computed: Some(run), ..RunDefaults::default() };
    }
    let mut run = Keys::of(run);
    RunDefaults {
        computed: None,
        shell: run.take("shell"),
        working_directory: run.take("working-directory"),
    }
}
