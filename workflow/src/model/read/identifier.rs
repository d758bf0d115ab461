//! Ids of jobs and steps (`semantics` 1.4).

use crate::diagnostic::{Diagnostics, Position};

/// Characters of an id; it must be shorter.
pub(super) const MAX_LENGTH: usize = 100;

/// What only generated ids start with.
pub(super) const RESERVED: &str = "__";

/// Whether `id` may name a job or a step; if not, that is reported.
pub(super) fn check(diagnostics: &mut Diagnostics, id: &str, position: Position) -> bool {
    let message = if !is_well_formed(id) {
        format!(
            "The identifier '{id}' is invalid. IDs may only contain alphanumeric characters, '_', \
             and '-'. IDs must start with a letter or '_' and must be less than 100 characters."
        )
    } else if id.starts_with(RESERVED) {
        reserved(id)
    } else {
        return true;
    };
    diagnostics.error(Some(position), "invalid-id", message);
    false
}

/// The message for a reserved id that somebody wrote.
pub(super) fn reserved(id: &str) -> String {
    format!("The identifier '{id}' is invalid. IDs starting with '__' are reserved.")
}

fn is_well_formed(id: &str) -> bool {
    let starts_well = id.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts_well && id.len() < MAX_LENGTH && id.chars().all(is_id_character)
}

pub(super) fn is_id_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}
