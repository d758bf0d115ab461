//! Runs jobs in containers: leases them from a server, runs their steps, reports back.
//!
//! Knows the server only through [`gantry_protocol`] and the language only through
//! [`gantry_workflow`]; decides nothing about a run. Invariant: a job survives the death of its
//! runner, and a job whose lease is lost is stopped.

mod background;
pub mod container;
mod infra_error;
mod shim;
mod workspace;

pub use infra_error::InfraError;
