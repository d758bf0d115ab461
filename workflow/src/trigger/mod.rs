//! Event and filters: which workflow runs, for which ref and sha, and why each other one does not.
//!
//! Does not read files or call GitHub: changed files and file contents come in as values.
//! Invariant: every answer "does not start" carries a reason for people.

mod activity;
pub mod cron;
pub mod dispatch;
mod event;
mod filter;
mod origin;
mod pattern;
mod payload;
mod select;
mod skip_ci;

pub use event::{Event, Origin, Selection, WorkflowSource};
pub use origin::origin;
pub use pattern::{Pattern, PatternError};
pub use select::select;
pub use skip_ci::skips_ci;
