//! Ids of steps: the written ones checked, the others generated (`semantics` 1.7).
//!
//! Invariant: ids within a job are distinct without regard to case, and only generated ones start
//! with `__`.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;

use super::identifier::{self, MAX_LENGTH, RESERVED, is_id_character};
use crate::diagnostic::Diagnostics;
use crate::model::{StepKind, Uses};
use crate::template::Token;

/// The ids taken within one job.
#[derive(Debug, Default)]
pub(super) struct StepIds {
    /// In upper case.
    taken: HashSet<String, RandomState>,
    /// Written ids of the steps so far, which later steps may wait for.
    targets: HashSet<String, RandomState>,
    /// How often an id was generated after a name, so that none is tried twice.
    generated: HashMap<String, usize, RandomState>,
}

impl StepIds {
    /// Takes a written id; one that cannot be used is reported.
    pub(super) fn claim(&mut self, diagnostics: &mut Diagnostics, token: &Token) -> Option<String> {
        let id = token.literal_text()?.into_owned();
        if !identifier::check(diagnostics, &id, token.position) {
            return None;
        }
        if !self.taken.insert(id.to_ascii_uppercase()) {
            let message = format!(
                "The identifier '{id}' may not be used more than once within the same scope."
            );
            diagnostics.error(Some(token.position), "duplicate-id", message);
            return None;
        }
        Some(id)
    }

    /// Lets later steps wait for the step `id`.
    pub(super) fn allow_waiting_for(&mut self, id: &str) {
        if !id.is_empty() {
            self.targets.insert(id.to_owned());
        }
    }

    /// Checks an id that `wait` or `cancel` of the step `own_id` names.
    pub(super) fn check_target(
        &self,
        diagnostics: &mut Diagnostics,
        target: &Token,
        own_id: Option<&str>,
    ) {
        let name = target.literal_text().unwrap_or_default();
        let message = if name.starts_with(RESERVED) {
            identifier::reserved(&name)
        } else if let Some(id) = own_id.filter(|id| id.eq_ignore_ascii_case(&name)) {
            format!("Step '{id}' cannot reference itself")
        } else if !self.targets.contains(name.as_ref()) {
            format!("Step references unknown step ID '{name}'")
        } else {
            return;
        };
        diagnostics.error(Some(target.position), "step-target", message);
    }

    /// An id for a step without one: after what it does, numbered from the second on.
    pub(super) fn generate(&mut self, kind: &StepKind) -> String {
        let base = base(kind);
        let mut number = self.generated.get(&base).map_or(1, |last| last + 1);
        loop {
            let suffix = if number == 1 { String::new() } else { format!("_{number}") };
            // All characters of an id are ASCII.
            let start = base.get(..MAX_LENGTH - suffix.len()).unwrap_or(&base);
            let id = [start, &suffix].concat();
            if self.taken.insert(id.to_ascii_uppercase()) {
                self.generated.insert(base, number);
                return id;
            }
            number += 1;
        }
    }
}

fn base(kind: &StepKind) -> String {
    let (first, second) = match kind {
        StepKind::Run { .. } => ("run", None),
        StepKind::Wait { .. } => ("wait", None),
        StepKind::WaitAll => ("wait-all", None),
        StepKind::Cancel { .. } => ("cancel", None),
        StepKind::Parallel { .. } => ("parallel", None),
        StepKind::Uses { uses, .. } => match uses {
            Uses::Local { .. } => ("self", None),
            Uses::SelfRepository { .. } => ("selfRepository", None),
            Uses::Docker { image } => (image.as_str(), None),
            Uses::Repository { owner, repository, .. } => (owner.as_str(), Some(repository)),
        },
    };
    let legal = |c: char| if is_id_character(c) { c } else { '_' };
    let mut base = RESERVED.to_owned();
    base.extend(first.chars().map(legal));
    if let Some(second) = second {
        base.push('_');
        base.extend(second.chars().map(legal));
    }
    base
}
