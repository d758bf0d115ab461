//! Where a job's processes run: the [`Backend`] trait and its two implementations.
//!
//! Does not know steps. Invariant: everything a backend creates carries the [`Owner`]'s labels, so
//! that a runner that was killed can find it, and only it, again.

mod action;
mod backend;
mod docker;
mod hardening;
mod option_values;
mod options;
mod process;
mod socket;
mod spec;
mod volumes;

pub use action::{ActionContainer, ActionMounts, ImageBuild};
pub use backend::{Backend, Pending};
pub use docker::DockerBackend;
pub use process::ProcessBackend;
pub use socket::{EngineSocket, OpenSocket};
pub use spec::{
    ContainerEnd, ContainerSpec, Credentials, EmptyDirectory, Health, HealthCheck, Holder, Image,
    JobContainer, Mounts, Naming, Owner, Resources, ServiceContainer, SocketMount, StartedService,
    WarmOwner,
};
pub use volumes::{VolumeMount, VolumeSource};

pub(crate) use hardening::{Limits, confine};
pub(crate) use options::parse_options;
pub(crate) use socket::Places;
pub(crate) use volumes::{parse_volume, real_directory};
