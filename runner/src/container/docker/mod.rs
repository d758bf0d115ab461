//! The backend that speaks the Docker engine's API, and nothing but the API: no command line is
//! ever composed, so no value of a workflow can become an option (`reliability-security` S15).
//!
//! Does not decide what a job needs. Invariant: requests name what they do, so that every error
//! says which operation on which object the engine refused.

mod action;
mod backend;
mod create;
mod error;
mod freeze;
mod remove;

pub use backend::DockerBackend;
pub(in crate::container) use create::labels as labels_of;
pub(in crate::container) use freeze::Freezer;
