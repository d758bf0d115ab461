//! What GitHub shows of runs: check runs, and by choice commit statuses and deployments.
//!
//! Does not decide a job's fate. Invariant: what is sent is read from the job's row at the moment
//! of sending, so late and repeated effects end in the right state.

mod annotations;
mod check_runs;
mod commit_statuses;
mod deployments;
mod known;
mod queries;
mod skipped;
mod sync;
mod want;
mod wanted;

pub use known::{KnownJob, find_known, runs_at};
pub use sync::{SYNC_REPORTS, next_report};
pub use want::{SkippedWorkflow, want_failed_start, want_report, want_skipped};
