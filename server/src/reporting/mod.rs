//! Check runs: brings what GitHub shows to the wanted state.
//!
//! Does not decide a job's fate. Invariant: what is sent is read from the job's row at the moment
//! of sending, so late and repeated effects end in the right state.

mod github;
mod queries;
mod sync;
mod wanted;

pub use sync::{SYNC_REPORTS, next_report, want_check_run, want_failed_start};
