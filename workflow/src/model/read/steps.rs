//! `steps:` of a job or of a composite action.

use super::control_steps::{self, Control};
use super::keys::Keys;
use super::step_ids::StepIds;
use super::{condition, uses};
use crate::diagnostic::Diagnostics;
use crate::expr::Expression;
use crate::model::{Step, StepKind, Uses};
use crate::schema::STEP_IF;
use crate::template::{Token, TokenKind};

/// A step whose id is not known yet.
pub(super) struct Draft {
    id: Option<Token>,
    /// Ids of other steps that it names.
    targets: Vec<Token>,
    /// The file says whether it is in the background.
    pub(super) names_background: bool,
    /// The steps of a `parallel` step.
    children: Vec<Draft>,
    step: Step,
}

/// Reads the steps. Written ids are taken before ids are generated, wherever they stand.
pub(super) fn read(diagnostics: &mut Diagnostics, token: Token) -> Vec<Step> {
    let mut drafts = drafts(diagnostics, token);
    let mut ids = StepIds::default();
    for draft in &mut drafts {
        draft.claim_ids(diagnostics, &mut ids);
        let own_id = draft.id.as_ref().map(|_| draft.step.id.as_str());
        for target in &draft.targets {
            ids.check_target(diagnostics, target, own_id);
        }
        ids.allow_waiting_for(&draft.step.id);
    }
    drafts.into_iter().map(|draft| draft.into_step(&mut ids)).collect()
}

impl Draft {
    pub(super) fn kind(&self) -> &StepKind {
        &self.step.kind
    }

    fn claim_ids(&mut self, diagnostics: &mut Diagnostics, ids: &mut StepIds) {
        if let Some(token) = &self.id {
            self.step.id = ids.claim(diagnostics, token).unwrap_or_default();
        }
        for child in &mut self.children {
            child.claim_ids(diagnostics, ids);
        }
    }

    fn into_step(self, ids: &mut StepIds) -> Step {
        let mut step = self.step;
        if self.id.is_none() {
            step.id = ids.generate(&step.kind);
        }
        if let StepKind::Parallel { steps } = &mut step.kind {
            steps.extend(self.children.into_iter().map(|child| child.into_step(ids)));
        }
        step
    }
}

/// The steps of a sequence, without ids; those with errors are left out.
pub(super) fn drafts(diagnostics: &mut Diagnostics, token: Token) -> Vec<Draft> {
    let TokenKind::Sequence(items) = token.kind else { return Vec::new() };
    items.into_iter().filter_map(|item| draft(diagnostics, item)).collect()
}

fn draft(diagnostics: &mut Diagnostics, token: Token) -> Option<Draft> {
    let position = token.position;
    let mut keys = Keys::of(token);
    let background = keys.take("background");
    let control = control_steps::read(diagnostics, &mut keys, position);
    let condition = match &control {
        Some(_) => Expression::parse("always()", &STEP_IF).ok(),
        None => condition::read(diagnostics, keys.take("if"), &STEP_IF),
    };
    let Control { kind, targets, children } = match control {
        Some(control) => control,
        None => Control::of(kind(diagnostics, &mut keys)?, Vec::new()),
    };
    let step = Step {
        id: String::new(),
        position,
        name: keys.take("name"),
        condition: condition?,
        continue_on_error: keys.take("continue-on-error"),
        timeout_minutes: keys.take("timeout-minutes"),
        env: keys.take("env"),
        background: background
            .as_ref()
            .is_some_and(|token| matches!(token.kind, TokenKind::Bool(true))),
        kind,
    };
    let names_background = background.is_some();
    Some(Draft { id: keys.take("id"), targets, names_background, children, step })
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
    uses::parse(&token.literal_text()?)
        .map_err(|message| diagnostics.error(Some(token.position), "uses", message))
        .ok()
}
