//! Runs: create, advance, cancel, conclude; and the hand-out of their jobs.
//!
//! Does not decide a run's fate: `workflow::advance` does. Invariant: what `advance` decides is
//! written in one transaction that holds the run's row and the rows of its jobs.

mod advance;
mod apply;
mod attempts;
mod cancel;
pub mod cause;
mod contexts;
mod create;
mod delete;
mod fork_approval;
pub mod insights;
mod job_credentials;
mod job_facts;
mod job_message;
mod job_rights;
pub mod last_conclusion;
mod lease;
mod missing_secrets;
mod news;
mod queries;
mod rerun;
pub mod run_list;
mod runtime;
mod slot_states;
mod slots;
mod state;
mod stored_plan;
pub mod view;
pub mod workflow_view;
mod workflows;

pub use advance::{advance_run, advance_runs, next_look, reconsider, sweep_runs};
pub use cancel::{CancelError, cancel, force_cancel};
pub use create::{CreateRun, RunFile, create};
pub use delete::{DeleteError, delete, delete_logs};
pub use fork_approval::{ApproveError, approve};
pub use job_facts::{JobFacts, job_facts};
pub use job_rights::{JobRights, fresh_token, job_rights};
pub use lease::lease_job;
pub use news::{RunNews, take_run_news};
pub use rerun::{RerunError, RerunRequest, RerunWhat, rerun};
pub use workflows::{
    WorkflowFileFacts, WorkflowRow, disabled_workflows, find_workflow, note_workflows,
    set_workflow_enabled,
};
