//! Runs jobs in containers: leases them from a server, runs their steps, reports back.
//!
//! Knows the server only through [`gantry_protocol`] and the language only through
//! [`gantry_workflow`]; decides nothing about a run. Invariant: a job survives the death of its
//! runner, and a job whose lease is lost is stopped.

mod actions;
mod background;
pub mod checkout_policy;
mod client;
pub mod config;
pub mod confinement;
pub mod container;
pub mod disk_policy;
pub mod doctor;
mod execution;
mod externals;
mod hash_files;
mod infra_error;
mod job;
mod listener;
mod local_socket;
mod output;
mod remove_tree;
mod replace_file;
mod shim;
mod steps;
mod store;
mod warm;
pub mod warm_policy;
mod words;
pub mod workspace;

pub use config::RunnerConfig;
pub use hash_files::hash_files;
pub use infra_error::InfraError;
pub use listener::{run, run_on};
