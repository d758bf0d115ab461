//! Where a job's processes run: the [`Backend`] trait and its two implementations.
//!
//! Does not know steps. Invariant: everything a backend creates carries the [`Owner`]'s labels, so
//! that a runner that was killed can find it, and only it, again.

mod action;
mod backend;
mod docker;
mod options;
mod process;
mod spec;

pub use action::{ActionContainer, ActionMounts, ImageBuild};
pub use backend::{Backend, Pending};
pub use docker::DockerBackend;
pub use process::ProcessBackend;
pub use spec::{
    ContainerEnd, ContainerSpec, Health, HealthCheck, Image, JobContainer, Mounts, Owner,
    ServiceContainer, StartedService,
};

pub(crate) use options::parse_options;
