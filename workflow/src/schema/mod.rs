//! The table of keys: which exist where, of which kind, with which contexts in their expressions.
//!
//! Data only; [`crate::template`] reads files by it. Written after `semantics` 1.7 and 2.9. A kind
//! of file is one root [`Definition`]: [`WORKFLOW`], [`ACTION`].

mod action;
mod container;
mod contexts;
mod definition;
mod events;
mod inputs;
mod job;
mod key_table;
mod scalars;
mod step;
#[cfg(test)]
mod tests;
mod workflow;

pub use action::ACTION;
pub use contexts::{JOB_IF, STEP_IF};
pub use definition::{Definition, Kind, Mapping, OtherKeys, Property, Support, Text, Words};
pub use events::is_event;
pub use job::{ENVIRONMENT_KEYS, RUN_DEFAULTS, STRATEGY};
pub use key_table::key_table;
pub use scalars::ANY;
pub use workflow::{CONCURRENCY_KEYS, WORKFLOW};
