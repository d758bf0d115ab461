//! From our specifications to the engine's request bodies. Pure.
//!
//! The engine's seccomp profile stays on. Invariant: a container has the capabilities of its profile
//! and no others, and nothing of the machine but what is named here.

use std::collections::HashMap;
use std::path::Path;

use bollard::models::{
    ContainerCreateBody, EndpointSettings, HealthConfig, HostConfig, HostConfigLogConfig, Mount,
    MountTmpfsOptions, MountType, NetworkCreateRequest, NetworkingConfig, ResourcesUlimits,
};

use crate::container::{
    ContainerSpec, EmptyDirectory, HealthCheck, Holder, JobContainer, Owner, ServiceContainer,
    SocketMount, VolumeMount, VolumeSource, WarmOwner,
};
use crate::workspace::FILE_COMMANDS;

pub(super) const RUNNER_LABEL: &str = "gantry.runner";
pub(super) const JOB_LABEL: &str = "gantry.job";
pub(super) const WARM_LABEL: &str = "gantry.warm";
const LEASE_LABEL: &str = "gantry.lease";

/// Largest contents of all command files and scripts together; it counts as the job's memory.
const FILE_COMMANDS_BYTES: i64 = 256 * 1024 * 1024;

/// Where clients look for the engine.
pub(super) const SOCKET: &str = "/var/run/docker.sock";

const SHIM_PROGRAM: &str = "/gantry-shim";
const SHIM_DIRECTORY: &str = "/gantry";

/// The network of all jobs that have no services. It belongs to the engine and not to a job.
pub(super) const SHARED_NETWORK: &str = "gantry-jobs";

/// Its containers reach the world and not each other.
pub(super) fn shared_network() -> NetworkCreateRequest {
    let isolated = ("com.docker.network.bridge.enable_icc".to_owned(), "false".to_owned());
    NetworkCreateRequest {
        name: SHARED_NETWORK.to_owned(),
        labels: Some(HashMap::from([("gantry.shared".to_owned(), "true".to_owned())])),
        options: Some(HashMap::from([isolated])),
        ..NetworkCreateRequest::default()
    }
}

pub(in crate::container) fn labels(owner: &Owner) -> HashMap<String, String> {
    HashMap::from([
        (RUNNER_LABEL.to_owned(), owner.runner.clone()),
        (JOB_LABEL.to_owned(), owner.job.to_string()),
        (LEASE_LABEL.to_owned(), owner.lease.to_string()),
    ])
}

fn labels_of_holder(holder: &Holder) -> HashMap<String, String> {
    match holder {
        Holder::Job(owner) => labels(owner),
        Holder::Warm(WarmOwner { runner, id }) => HashMap::from([
            (RUNNER_LABEL.to_owned(), runner.clone()),
            (WARM_LABEL.to_owned(), id.clone()),
        ]),
    }
}

/// The name of the container whose first process is the shim.
pub(super) fn name_of_holder(holder: &Holder) -> String {
    match holder {
        Holder::Job(owner) => name(owner, "job"),
        Holder::Warm(owner) => warm_name(owner),
    }
}

pub(super) fn warm_name(owner: &WarmOwner) -> String {
    let runner = owner.runner.get(..8).unwrap_or(&owner.runner);
    format!("gantry-{runner}-warm-{}", owner.id)
}

/// Unique per runner and lease, so that leftovers never stand in the way.
pub(super) fn name(owner: &Owner, part: &str) -> String {
    let runner = owner.runner.get(..8).unwrap_or(&owner.runner);
    format!("gantry-{runner}-{}-{}-{part}", owner.job, owner.lease)
}

/// What is mounted for a container beside the job's.
pub(super) fn mounted_socket<'a>(
    mount: &'a SocketMount,
    engine: Option<&'a Path>,
) -> Option<&'a Path> {
    match mount {
        SocketMount::None => None,
        SocketMount::Own(path) => Some(path),
        SocketMount::Engine => engine,
    }
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
    // One of the job's own is made by the shim, so that it outlives this runner.
    if let (SocketMount::Engine, Some(socket)) = (&container.docker_socket, socket) {
        binds.push(bind(socket, SOCKET, false));
    }
    let mut body = base(labels_of_holder(&container.owner), &container.spec);
    binds.extend(container.spec.volumes.iter().map(volume));
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

/// Nothing but the shim, which removes what is in a directory.
pub(super) fn emptying(emptied: &EmptyDirectory) -> ContainerCreateBody {
    let spec = ContainerSpec { image: emptied.image.clone(), ..ContainerSpec::default() };
    let mut body = base(labels(&emptied.owner), &spec);
    body.user = Some("0:0".to_owned());
    body.entrypoint = Some(vec![SHIM_PROGRAM.to_owned()]);
    body.cmd = Some(vec!["--empty".to_owned(), SHIM_DIRECTORY.to_owned()]);
    body.working_dir = Some("/".to_owned());
    if let Some(host) = &mut body.host_config {
        host.network_mode = Some("none".to_owned());
        host.mounts = Some(vec![
            bind(&emptied.shim_program, SHIM_PROGRAM, true),
            bind(&emptied.directory, SHIM_DIRECTORY, false),
        ]);
        host.log_config = Some(log_driver("none"));
    }
    body
}

pub(super) fn service(service: &ServiceContainer) -> ContainerCreateBody {
    let spec = &service.spec;
    let mut body = base(labels(&service.owner), spec);
    body.user.clone_from(&spec.user);
    body.working_dir.clone_from(&spec.working_directory);
    body.entrypoint.clone_from(&spec.entrypoint);
    body.cmd.clone_from(&spec.command);
    body.healthcheck = health(&spec.health);
    if let Some(host) = &mut body.host_config {
        host.mounts = Some(spec.volumes.iter().map(volume).collect());
        host.log_config = Some(log_driver("local"));
    }
    let aliases = [&service.alias].into_iter().chain(&spec.naming.aliases).cloned().collect();
    body.networking_config = spec.network.as_ref().map(|network| in_network(network, aliases));
    body
}

fn in_network(network: &str, aliases: Vec<String>) -> NetworkingConfig {
    let endpoint = EndpointSettings { aliases: Some(aliases), ..EndpointSettings::default() };
    let endpoints_config = Some(HashMap::from([(network.to_owned(), endpoint)]));
    NetworkingConfig { endpoints_config }
}

/// `own_labels` are ours; they come last and win.
pub(super) fn base(
    own_labels: HashMap<String, String>,
    spec: &ContainerSpec,
) -> ContainerCreateBody {
    let labels = spec.labels.iter().cloned().chain(own_labels).collect();
    ContainerCreateBody {
        image: Some(spec.image.clone()),
        hostname: spec.naming.hostname.clone(),
        env: Some(spec.environment.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        labels: Some(labels),
        stop_signal: spec.stop_signal.clone(),
        host_config: Some(host_config(spec)),
        ..ContainerCreateBody::default()
    }
}

fn host_config(spec: &ContainerSpec) -> HostConfig {
    let (resources, naming) = (&spec.resources, &spec.naming);
    let kept = spec.profile.capabilities().iter().map(|&capability| capability.to_owned());
    let dropped = &spec.dropped_capabilities;
    let kept = kept.filter(|name| !dropped.contains(name) && !dropped.contains(&"ALL".to_owned()));
    let ulimits = resources.ulimits.iter().map(|(name, soft, hard)| ResourcesUlimits {
        name: Some(name.clone()),
        soft: Some(*soft),
        hard: Some(*hard),
    });
    HostConfig {
        network_mode: spec.network.clone(),
        memory: resources.memory_bytes,
        memory_swap: resources.memory_and_swap_bytes,
        memory_reservation: resources.memory_reservation_bytes,
        nano_cpus: resources.nano_cpus,
        cpu_shares: resources.cpu_shares,
        cpuset_cpus: resources.cpus.clone(),
        shm_size: resources.shm_bytes,
        pids_limit: resources.processes,
        ulimits: Some(ulimits.collect()),
        init: Some(spec.init),
        cap_drop: Some(vec!["ALL".to_owned()]),
        cap_add: Some(kept.collect()),
        security_opt: spec.no_new_privileges.then(|| vec!["no-new-privileges".to_owned()]),
        readonly_rootfs: Some(spec.read_only),
        tmpfs: Some(spec.memory_mounts.iter().cloned().collect()),
        group_add: Some(spec.groups.clone()),
        extra_hosts: Some(naming.hosts.clone()),
        dns: Some(naming.dns.clone()),
        dns_search: Some(naming.dns_search.clone()),
        ..HostConfig::default()
    }
}

fn volume(volume: &VolumeMount) -> Mount {
    let (typ, source) = match &volume.source {
        VolumeSource::Anonymous => (MountType::VOLUME, None),
        VolumeSource::Named(name) => (MountType::VOLUME, Some(name.clone())),
        VolumeSource::Directory(path) => (MountType::BIND, Some(path.display().to_string())),
    };
    Mount {
        source,
        target: Some(volume.target.clone()),
        typ: Some(typ),
        read_only: Some(volume.read_only),
        ..Mount::default()
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
