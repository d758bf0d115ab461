//! Jobs: queue, lease, reap, complete, and why a job waits.
//!
//! Does not decide a job's fate (`runs` asks `workflow::advance`), and does not know the plan.
//! Invariants: a job has at most one lease; a write that names an older lease changes nothing; a
//! completed job never changes again.

pub mod annotation_view;
mod annotations;
mod attempt;
mod calls;
mod claim;
mod complete;
mod create;
mod explain;
mod fence;
pub mod insights;
mod output;
mod reap;
mod renew;
mod repeat;
mod run_summaries;
mod state;
mod steps;
mod summaries;
mod transitions;
pub mod view;
pub mod workload;

pub use attempt::Attempt;
pub use calls::{Left, enter, leave};
pub use claim::{LeasedJob, claim};
pub use complete::{CompleteError, complete, conclude_unprepared};
pub use create::create;
pub use explain::explain_queue;
pub use fence::{CallError, JobCall};
pub use output::append_log;
pub use reap::reap_leases;
pub use renew::renew;
pub use repeat::repeat;
pub use run_summaries::{RunSummary, summaries_of_run};
pub use state::{legs, lock, status_of_run, take_news};
pub use steps::update_steps;
pub use summaries::{SummaryView, store_summary, summaries};
pub use transitions::{
    Ended, Expansion, abandon, conclude, end, expand, explain_pending, queue, request_cancel, wait,
};
