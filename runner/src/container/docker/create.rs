//! From our specifications to the engine's request bodies. Pure.
//!
//! Profile: `compat`. `sudo` works inside the job, as on GitHub's machines, so privileges may be
//! gained within the container; capabilities are the engine's default set and seccomp stays on.
//! Stricter profiles are a setting of a later version.

use std::collections::HashMap;
use std::path::Path;

use bollard::models::{
    ContainerCreateBody, EndpointSettings, HealthConfig, HostConfig, HostConfigLogConfig, Mount,
    MountTmpfsOptions, MountType, NetworkingConfig,
};

use crate::container::{ContainerSpec, HealthCheck, JobContainer, Owner, ServiceContainer};
use crate::workspace::FILE_COMMANDS;

pub(super) const RUNNER_LABEL: &str = "gantry.runner";
pub(super) const JOB_LABEL: &str = "gantry.job";
const LEASE_LABEL: &str = "gantry.lease";

/// Processes of one container; a fork bomb ends itself and not the machine
/// (`reliability-security` 4.4). At the limit `fork` fails.
const PIDS_LIMIT: i64 = 4096;

/// Largest contents of all command files and scripts together; it counts as the job's memory.
const FILE_COMMANDS_BYTES: i64 = 256 * 1024 * 1024;

const SHIM_PROGRAM: &str = "/gantry-shim";
const SHIM_DIRECTORY: &str = "/gantry";

pub(super) fn labels(owner: &Owner) -> HashMap<String, String> {
    HashMap::from([
        (RUNNER_LABEL.to_owned(), owner.runner.clone()),
        (JOB_LABEL.to_owned(), owner.job.to_string()),
        (LEASE_LABEL.to_owned(), owner.lease.to_string()),
    ])
}

/// Unique per runner and lease, so that leftovers never stand in the way.
pub(super) fn name(owner: &Owner, part: &str) -> String {
    let runner = owner.runner.get(..8).unwrap_or(&owner.runner);
    format!("gantry-{runner}-{}-{}-{part}", owner.job, owner.lease)
}

pub(super) fn job(container: &JobContainer, socket: Option<&Path>) -> ContainerCreateBody {
    let mounts = &container.mounts;
    let mut binds = vec![
        bind(&mounts.shim_program, SHIM_PROGRAM, true),
        bind(&mounts.shim, SHIM_DIRECTORY, false),
        bind(&mounts.work, "/__w", false),
        bind(&mounts.tools, "/__t", false),
        bind(&mounts.externals, "/__e", true),
        bind(&mounts.home, "/github/home", false),
        bind(&mounts.workflow, "/github/workflow", false),
        // Every step gets new files there; making one in memory takes a hundredth of the time.
        memory(&format!("/__w/{FILE_COMMANDS}")),
    ];
    if let Some(socket) = socket.filter(|_| container.docker_socket) {
        binds.push(bind(socket, "/var/run/docker.sock", false));
    }
    let mut body = base(&container.owner, &container.spec);
    // The shim prepares directories for the image's user and then starts every process as that
    // user, so it runs as root itself.
    body.user = Some("0:0".to_owned());
    body.entrypoint = Some(vec![SHIM_PROGRAM.to_owned()]);
    body.cmd = Some(vec![SHIM_DIRECTORY.to_owned()]);
    body.working_dir = Some("/".to_owned());
    body.healthcheck =
        Some(HealthConfig { test: Some(vec!["NONE".to_owned()]), ..HealthConfig::default() });
    if let Some(host) = &mut body.host_config {
        host.mounts = Some(binds);
        host.log_config = Some(log_driver("none"));
    }
    body
}

pub(super) fn service(service: &ServiceContainer) -> ContainerCreateBody {
    let spec = &service.spec;
    let mut body = base(&service.owner, spec);
    body.user.clone_from(&spec.user);
    body.entrypoint.clone_from(&spec.entrypoint);
    body.cmd.clone_from(&spec.command);
    body.healthcheck = health(&spec.health);
    if let Some(host) = &mut body.host_config {
        host.log_config = Some(log_driver("local"));
    }
    if let (Some(network), Some(config)) = (&spec.network, &mut body.networking_config) {
        let endpoint = EndpointSettings {
            aliases: Some(vec![service.alias.clone()]),
            ..EndpointSettings::default()
        };
        config.endpoints_config = Some(HashMap::from([(network.clone(), endpoint)]));
    }
    body
}

pub(super) fn base(owner: &Owner, spec: &ContainerSpec) -> ContainerCreateBody {
    ContainerCreateBody {
        image: Some(spec.image.clone()),
        hostname: spec.hostname.clone(),
        env: Some(spec.environment.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        volumes: Some(spec.volumes.clone()),
        labels: Some(labels(owner)),
        networking_config: Some(NetworkingConfig::default()),
        host_config: Some(HostConfig {
            network_mode: spec.network.clone(),
            memory: spec.memory_bytes,
            nano_cpus: spec.nano_cpus,
            shm_size: spec.shm_bytes,
            pids_limit: Some(PIDS_LIMIT),
            init: Some(spec.init),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}

pub(super) fn bind(source: &Path, target: &str, read_only: bool) -> Mount {
    Mount {
        source: Some(source.display().to_string()),
        target: Some(target.to_owned()),
        typ: Some(MountType::BIND),
        read_only: Some(read_only),
        ..Mount::default()
    }
}

fn memory(target: &str) -> Mount {
    let options = MountTmpfsOptions {
        size_bytes: Some(FILE_COMMANDS_BYTES),
        mode: Some(0o1777),
        ..MountTmpfsOptions::default()
    };
    Mount {
        target: Some(target.to_owned()),
        typ: Some(MountType::TMPFS),
        tmpfs_options: Some(options),
        ..Mount::default()
    }
}

fn log_driver(name: &str) -> HostConfigLogConfig {
    HostConfigLogConfig { typ: Some(name.to_owned()), config: None }
}

fn health(check: &HealthCheck) -> Option<HealthConfig> {
    if *check == HealthCheck::default() {
        return None;
    }
    let nanoseconds = |duration: Option<std::time::Duration>| {
        duration.and_then(|duration| i64::try_from(duration.as_nanos()).ok())
    };
    let test = if check.disabled {
        Some(vec!["NONE".to_owned()])
    } else {
        check.command.as_ref().map(|command| vec!["CMD-SHELL".to_owned(), command.clone()])
    };
    Some(HealthConfig {
        test,
        interval: nanoseconds(check.interval),
        timeout: nanoseconds(check.timeout),
        retries: check.retries,
        start_period: nanoseconds(check.start_period),
        ..HealthConfig::default()
    })
}
