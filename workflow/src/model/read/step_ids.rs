//! Ids of steps: the written ones checked, the others generated (`semantics` 1.7).
//!
//! Invariant: ids within a job are distinct without regard to case, and only generated ones start
//! with `__`.

use std::collections::HashSet;

use super::identifier::{self, MAX_LENGTH, is_id_character};
use crate::diagnostic::Diagnostics;
use crate::model::{StepKind, Uses};
use crate::template::Token;

/// The ids taken within one job.
#[derive(Debug, Default)]
pub(super) struct StepIds {
    /// In upper case.
    taken: HashSet<String>,
}

impl StepIds {
    /// Takes a written id; one that cannot be used is reported.
    pub(super) fn claim(&mut self, diagnostics: &mut Diagnostics, token: &Token) -> Option<String> {
        let id = token.literal_text()?.into_owned();
        if !identifier::check(diagnostics, &id, token.position) {
            return None;
        }
        if !self.taken.insert(id.to_uppercase()) {
            let message = format!(
                "The identifier '{id}' may not be used more than once within the same scope."
            );
            diagnostics.error(Some(token.position), "duplicate-id", message);
            return None;
        }
        Some(id)
    }

    /// An id for a step without one: after what it does, numbered from the second on.
    pub(super) fn generate(&mut self, kind: &StepKind) -> String {
        let base = base(kind);
        let mut number = 1_usize;
        loop {
            let suffix = if number == 1 { String::new() } else { format!("_{number}") };
            let room = MAX_LENGTH - suffix.len();
            let id = format!("{}{suffix}", base.chars().take(room).collect::<String>());
            if self.taken.insert(id.to_uppercase()) {
                return id;
            }
            number += 1;
        }
    }
}

fn base(kind: &StepKind) -> String {
    let name = match kind {
        StepKind::Run { .. } => "run".to_owned(),
        StepKind::Uses { uses: Uses::Local { .. }, .. } => "self".to_owned(),
        StepKind::Uses { uses: Uses::Docker { image }, .. } => image.clone(),
        StepKind::Uses { uses: Uses::Repository { owner, repository, .. }, .. } => {
            format!("{owner}_{repository}")
        }
    };
    let legal = |c: char| if is_id_character(c) { c } else { '_' };
    format!("__{}", name.chars().map(legal).collect::<String>())
}
