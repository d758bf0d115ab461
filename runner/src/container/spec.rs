//! What is asked of a backend and what it answers, independent of any engine's API.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gantry_protocol::{JobId, LeaseToken};

use super::volumes::VolumeMount;
use crate::confinement::Profile;
use crate::workspace::JobDirectory;

/// Whose containers these are. Becomes the labels `gantry.runner`, `gantry.job`, `gantry.lease`.
#[derive(Clone, Debug)]
pub struct Owner {
    /// The runner installation, not its registration: it must survive a new registration, and two
    /// installations may share one engine.
    pub runner: String,
    pub job: JobId,
    pub lease: LeaseToken,
}

/// A container that was started before there was a job for it. Becomes the labels `gantry.runner` and
/// `gantry.warm`, which it keeps when a job takes it.
#[derive(Clone, Debug)]
pub struct WarmOwner {
    pub runner: String,
    /// Also the name of its directory.
    pub id: String,
}

/// For whom a container with a shim is started.
#[derive(Clone, Debug)]
pub enum Holder {
    Job(Owner),
    Warm(WarmOwner),
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerSpec {
    pub image: String,
    pub environment: Vec<(String, String)>,
    /// To log in with where the image comes from.
    pub credentials: Option<Credentials>,
    pub volumes: Vec<VolumeMount>,
    /// File systems in memory, with the options of `mount`.
    pub memory_mounts: Vec<(String, String)>,
    pub network: Option<String>,
    pub naming: Naming,
    pub user: Option<String>,
    /// Further groups of the user.
    pub groups: Vec<String>,
    pub working_directory: Option<String>,
    pub labels: Vec<(String, String)>,
    pub resources: Resources,
    pub profile: Profile,
    pub no_new_privileges: bool,
    /// Of the profile's.
    pub dropped_capabilities: Vec<String>,
    /// The root file system cannot be written.
    pub read_only: bool,
    pub stop_signal: Option<String>,
    pub init: bool,
    pub entrypoint: Option<Vec<String>>,
    pub command: Option<Vec<String>>,
    pub health: HealthCheck,
}

/// What a container may use up, most of it from `options`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    pub nano_cpus: Option<i64>,
    pub cpu_shares: Option<i64>,
    /// `0-2,5`
    pub cpus: Option<String>,
    pub memory_bytes: Option<i64>,
    pub memory_and_swap_bytes: Option<i64>,
    pub memory_reservation_bytes: Option<i64>,
    pub shm_bytes: Option<i64>,
    pub processes: Option<i64>,
    /// Name, soft and hard limit.
    pub ulimits: Vec<(String, i64, i64)>,
}

/// How a container is found and how it finds others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Naming {
    pub hostname: Option<String>,
    /// Besides the name of a service.
    pub aliases: Vec<String>,
    /// `name:address`
    pub hosts: Vec<String>,
    pub dns: Vec<String>,
    pub dns_search: Vec<String>,
}

/// `credentials:` of a container.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub username: String,
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
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
    pub owner: Holder,
    pub spec: ContainerSpec,
    pub mounts: Mounts,
    pub docker_socket: SocketMount,
}

/// What becomes `/var/run/docker.sock`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SocketMount {
    #[default]
    None,
    /// A socket of the job, behind which there is nothing but what the job made.
    Own(PathBuf),
    /// The engine's own.
    Engine,
}

/// A directory with files that are not the runner's own.
#[derive(Clone, Debug)]
pub struct EmptyDirectory {
    pub owner: Owner,
    /// Any will do that is here.
    pub image: String,
    pub shim_program: PathBuf,
    pub directory: PathBuf,
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

impl Mounts {
    /// Those of a directory made ready for a job.
    pub(crate) fn of(directory: &JobDirectory, shim_program: &Path, externals: &Path) -> Self {
        Self {
            shim_program: shim_program.to_owned(),
            shim: directory.shim(),
            work: directory.work(),
            tools: directory.tools(),
            externals: externals.to_owned(),
            home: directory.home(),
            workflow: directory.workflow(),
        }
    }
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
