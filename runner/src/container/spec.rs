//! What is asked of a backend and what it answers, independent of any engine's API.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use gantry_protocol::{JobId, LeaseToken};

/// Whose containers these are. Becomes the labels `gantry.runner`, `gantry.job`, `gantry.lease`.
#[derive(Clone, Debug)]
pub struct Owner {
    /// The runner installation, not its registration: it must survive a new registration, and two
    /// installations may share one engine.
    pub runner: String,
    pub job: JobId,
    pub lease: LeaseToken,
}

/// What an image brings along.
#[derive(Clone, Debug, Default)]
pub struct Image {
    pub name: String,
    /// The image's `USER`; empty for root.
    pub user: String,
    pub has_health_check: bool,
}

/// What job and service containers have in common, most of it from `options`.
#[derive(Clone, Debug, Default)]
pub struct ContainerSpec {
    pub image: String,
    pub environment: Vec<(String, String)>,
    /// `source:target[:mode]` as in the workflow.
    pub volumes: Vec<String>,
    pub network: Option<String>,
    pub user: Option<String>,
    pub hostname: Option<String>,
    pub nano_cpus: Option<i64>,
    pub memory_bytes: Option<i64>,
    pub shm_bytes: Option<i64>,
    pub init: bool,
    pub entrypoint: Option<Vec<String>>,
    pub command: Option<Vec<String>>,
    pub health: HealthCheck,
}

/// `--health-*` of `options`; what is absent is the image's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealthCheck {
    /// `--no-healthcheck`
    pub disabled: bool,
    /// Run by the container's shell.
    pub command: Option<String>,
    pub interval: Option<Duration>,
    pub timeout: Option<Duration>,
    pub start_period: Option<Duration>,
    pub retries: Option<i64>,
}

/// The container whose first process is the shim.
#[derive(Clone, Debug)]
pub struct JobContainer {
    pub owner: Owner,
    pub spec: ContainerSpec,
    pub mounts: Mounts,
    /// The engine's own socket becomes `/var/run/docker.sock`.
    pub docker_socket: bool,
}

/// Directories on the runner's disk and where they appear.
#[derive(Clone, Debug)]
pub struct Mounts {
    pub shim_program: PathBuf,
    pub shim: PathBuf,
    pub work: PathBuf,
    pub tools: PathBuf,
    /// Programs of the runner, which no job may change.
    pub externals: PathBuf,
    pub home: PathBuf,
    pub workflow: PathBuf,
}

/// A container beside the job container.
#[derive(Clone, Debug)]
pub struct ServiceContainer {
    pub owner: Owner,
    /// The service's id in the workflow; its name on the network.
    pub alias: String,
    pub spec: ContainerSpec,
}

/// A service that has been started.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct StartedService {
    pub container: String,
    /// Absent when it ended at once.
    pub address: Option<IpAddr>,
}

/// What a container's health check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// There is no check; running is enough.
    None,
    Starting,
    Healthy,
    Unhealthy,
    Ended,
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerEnd {
    pub exit_code: i64,
    pub out_of_memory: bool,
}

impl std::fmt::Display for ContainerEnd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.out_of_memory {
            return f.write_str("it ran out of memory");
        }
        match self.exit_code {
            137 => f.write_str("it was killed (exit code 137)"),
            code => write!(f, "its first process ended with exit code {code}"),
        }
    }
}
