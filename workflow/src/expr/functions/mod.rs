//! The functions of the expression language: their names, places, arities and implementations.
//!
//! Invariant: a function evaluates only the arguments it needs (`semantics` 2.6).

mod case;
mod contains;
mod format;
mod from_json;
mod hash_files;
mod join;
mod lenient_json;
mod starts_ends;
mod status;
mod table;
mod to_json;

pub(super) use table::{Function, call};
pub(crate) use to_json::escape_json;
