//! Keys that a workflow and its jobs share: permissions, concurrency, defaults.

use super::keys::{Keys, named};
use super::unsupported;
use crate::diagnostic::{Diagnostics, Position};
use crate::model::{Access, Concurrency, Permissions, RunDefaults};
use crate::template::{Token, TokenKind};

/// Characters of a concurrency group's name; GitHub's message says "less than", its check "more".
const MAX_GROUP_CHARACTERS: usize = 400;

pub(super) fn permissions(diagnostics: &mut Diagnostics, keys: &mut Keys) -> Option<Permissions> {
    let token = keys.take("permissions")?;
    unsupported::permissions(diagnostics, token.position);
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

pub(super) fn concurrency(diagnostics: &mut Diagnostics, keys: &mut Keys) -> Option<Concurrency> {
    let token = keys.take("concurrency")?;
    let position = token.position;
    let concurrency = match token.kind {
        TokenKind::Mapping(_) => {
            unsupported::computed_mapping(diagnostics, &token, "concurrency");
            let mut keys = Keys::of(token);
            let queue = keys.take("queue");
            unsupported::computed_value(diagnostics, queue.as_ref(), "concurrency.queue");
            Concurrency {
                position,
                group: keys.take("group")?,
                cancel_in_progress: keys.take("cancel-in-progress"),
                queue_max: queue
                    .is_some_and(|queue| queue.literal_text().as_deref() == Some("max")),
            }
        }
        _ => Concurrency { position, group: token, cancel_in_progress: None, queue_max: false },
    };
    unsupported::concurrency(diagnostics, position);
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

pub(super) fn defaults(diagnostics: &mut Diagnostics, keys: &mut Keys) -> RunDefaults {
    let Some(run) = keys.take("defaults").and_then(|token| Keys::of(token).take("run")) else {
        return RunDefaults::default();
    };
    unsupported::computed_mapping(diagnostics, &run, "defaults.run");
    let mut run = Keys::of(run);
    RunDefaults { shell: run.take("shell"), working_directory: run.take("working-directory") }
}
