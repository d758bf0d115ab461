//! Definitions that many places share.

use super::contexts::{JOB, RUNNER};
use super::definition::{Definition, Kind, names, non_empty, one_of, sequence, text};

pub(super) static NULL: Definition = Definition::new(Kind::Null);
pub(super) static BOOLEAN: Definition = Definition::new(Kind::Boolean);
pub(super) static NUMBER: Definition = Definition::new(Kind::Number);
pub(super) static TEXT: Definition = text();
pub(super) static NON_EMPTY: Definition = non_empty();

pub(super) static TEXTS: Definition = sequence(&TEXT);
pub(super) static NON_EMPTY_TEXTS: Definition = sequence(&NON_EMPTY);
/// One text or several.
pub(super) static ONE_OR_MORE: Definition = one_of(&[&NON_EMPTY, &NON_EMPTY_TEXTS]);

/// Any scalar; numbers and booleans keep their type.
pub(super) static SCALAR: Definition = one_of(&[&TEXT, &BOOLEAN, &NUMBER]);

/// Anything, to any depth.
pub static ANY: Definition =
    one_of(&[&NULL, &BOOLEAN, &NUMBER, &TEXT, &ANY_SEQUENCE, &ANY_MAPPING]);
pub(super) static ANY_SEQUENCE: Definition = sequence(&ANY);
pub(super) static ANY_MAPPING: Definition = names(&ANY);

pub(super) static JOB_TEXT: Definition = text().with(&JOB);
pub(super) static JOB_NUMBER: Definition = Definition::new(Kind::Number).with(&JOB);
pub(super) static JOB_BOOLEAN: Definition = Definition::new(Kind::Boolean).with(&JOB);
pub(super) static RUNNER_TEXT: Definition = text().with(&RUNNER);
