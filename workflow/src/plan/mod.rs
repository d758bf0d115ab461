//! From a checked workflow and an event to a plan: what a run will be asked to do.
//!
//! Matrices whose values wait for other jobs are expanded later, by [`crate::advance`].
//! Invariant: the same workflow and contexts give the same plan.

pub(crate) mod call_inputs;
pub(crate) mod called;
pub(crate) mod concurrency;
mod github_context;
pub mod job_name;
mod load;
pub mod matrix;
mod matrix_filter;
pub mod permissions;
mod planner;
mod run_plan;
pub(crate) mod slot;
mod title;

pub use called::{CalledWorkflow, FileSource, LoadedWorkflow};
pub(crate) use concurrency::deadlock;
pub use github_context::{Account, GithubContext, RepositoryIdentity, ServerUrls};
pub use load::{FetchError, FetchedFile, FileRequest, Loaded, Loader};
pub use permissions::{DefaultPermissions, TokenPermissions};
pub use planner::plan;
pub use run_plan::{ConcurrencySlot, PLAN_FORMAT, RunContexts, RunPlan};
pub use title::default_title;
