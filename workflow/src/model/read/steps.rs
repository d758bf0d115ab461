//! `steps:` of a job or of a composite action.

use super::condition;
use super::keys::Keys;
use super::step_ids::StepIds;
use super::{unsupported, uses};
use crate::diagnostic::Diagnostics;
use crate::model::{Step, StepKind, Uses};
use crate::schema::STEP_IF;
use crate::template::{Token, TokenKind};

/// A step whose id is not known yet.
struct Draft {
    id: Option<Token>,
    step: Step,
}

/// Reads the steps. Written ids are taken before ids are generated, wherever they stand.
pub(super) fn read(diagnostics: &mut Diagnostics, token: Option<Token>) -> Vec<Step> {
    let items = match token.map(|token| token.kind) {
        Some(TokenKind::Sequence(items)) => items,
        _ => Vec::new(),
    };
    let mut drafts: Vec<_> =
        items.into_iter().filter_map(|item| draft(diagnostics, item)).collect();
    let mut ids = StepIds::default();
    for draft in &mut drafts {
        if let Some(token) = &draft.id {
            draft.step.id = ids.claim(diagnostics, token).unwrap_or_default();
        }
    }
    for draft in &mut drafts {
        if draft.id.is_none() {
            draft.step.id = ids.generate(&draft.step.kind);
        }
    }
    drafts.into_iter().map(|draft| draft.step).collect()
}

fn draft(diagnostics: &mut Diagnostics, token: Token) -> Option<Draft> {
    let position = token.position;
    let mut keys = Keys::of(token);
    unsupported::step(diagnostics, &mut keys, position);
    let condition = condition::read(diagnostics, keys.take("if"), &STEP_IF);
    let kind = kind(diagnostics, &mut keys);
    Some(Draft {
        id: keys.take("id"),
        step: Step {
            id: String::new(),
            position,
            name: keys.take("name"),
            condition: condition?,
            continue_on_error: keys.take("continue-on-error"),
            timeout_minutes: keys.take("timeout-minutes"),
            env: keys.take("env"),
            kind: kind?,
        },
    })
}

fn kind(diagnostics: &mut Diagnostics, keys: &mut Keys) -> Option<StepKind> {
    if let Some(script) = keys.take("run") {
        return Some(StepKind::Run {
            script,
            shell: keys.take("shell"),
            working_directory: keys.take("working-directory"),
        });
    }
    let uses = uses(diagnostics, keys)?;
    Some(StepKind::Uses { uses, with: keys.take("with") })
}

fn uses(diagnostics: &mut Diagnostics, keys: &mut Keys) -> Option<Uses> {
    let token = keys.take("uses")?;
    let text = token.literal_text()?;
    if text.starts_with("$/") {
        unsupported::self_repository(diagnostics, token.position);
        return None;
    }
    uses::parse(&text)
        .map_err(|message| diagnostics.error(Some(token.position), "uses", message))
        .ok()
}
