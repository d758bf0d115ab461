//! Steps that steer others: `wait`, `wait-all`, `cancel` and `parallel` (`semantics` 5.16).

use super::keys::Keys;
use super::steps::{Draft, drafts};
use crate::diagnostic::{Diagnostics, Position};
use crate::model::StepKind;
use crate::template::{Token, TokenKind};

/// What such a step does.
pub(super) struct Control {
    pub(super) kind: StepKind,
    /// The ids it names.
    pub(super) targets: Vec<Token>,
    /// The steps of a `parallel` step.
    pub(super) children: Vec<Draft>,
}

impl Control {
    pub(super) fn of(kind: StepKind, targets: Vec<Token>) -> Self {
        Self { kind, targets, children: Vec::new() }
    }
}

/// Reads what steers others; `None` for a step that does something itself.
pub(super) fn read(
    diagnostics: &mut Diagnostics,
    keys: &mut Keys,
    position: Position,
) -> Option<Control> {
    if let Some(token) = keys.take("wait") {
        let targets = match token.kind {
            TokenKind::Sequence(items) => items,
            _ => vec![token],
        };
        let steps = targets.iter().map(text).collect();
        Some(Control::of(StepKind::Wait { steps }, targets))
    } else if let Some(token) = keys.take("wait-all") {
        if matches!(token.kind, TokenKind::Bool(false)) {
            let message = "The value of 'wait-all' must be true or omitted";
            diagnostics.error(Some(token.position), "wait-all", message);
        }
        Some(Control::of(StepKind::WaitAll, Vec::new()))
    } else if let Some(token) = keys.take("cancel") {
        Some(Control::of(StepKind::Cancel { step: text(&token) }, vec![token]))
    } else {
        let children = drafts(diagnostics, keys.take("parallel")?);
        children.iter().for_each(|child| check_child(diagnostics, position, child));
        // The steps get their ids first.
        let kind = StepKind::Parallel { steps: Vec::new() };
        Some(Control { kind, targets: Vec::new(), children })
    }
}

fn text(token: &Token) -> String {
    token.literal_text().unwrap_or_default().into_owned()
}

/// Says, at the `parallel` step, what cannot be in it.
fn check_child(diagnostics: &mut Diagnostics, position: Position, child: &Draft) {
    if child.names_background {
        let message = "'background' is not allowed inside a parallel block. Steps in a parallel \
                       block are automatically run as background steps.";
        diagnostics.error(Some(position), "parallel", message);
    }
    let message = match child.kind() {
        StepKind::Run { .. } | StepKind::Uses { .. } => return,
        StepKind::Wait { .. } => "'wait' is not allowed inside a parallel block.",
        StepKind::WaitAll => "'wait-all' is not allowed inside a parallel block.",
        StepKind::Cancel { .. } => "'cancel' is not allowed inside a parallel block.",
        StepKind::Parallel { .. } => "Nested 'parallel' blocks are not allowed.",
    };
    diagnostics.error(Some(position), "parallel", message);
}
