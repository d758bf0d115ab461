//! The container engine: whether it answers, how old it is, and what it can enforce.

use std::path::Path;

use bollard::Docker;
use bollard::errors::Error;
use bollard::models::{SystemInfo, SystemInfoCgroupVersionEnum, SystemVersion};

use super::finding::Finding;
use super::machine::room;
use crate::config::RunnerConfig;
use crate::container::{Backend as _, DockerBackend};

/// The oldest engine whose API does all that jobs need.
const OLDEST_ENGINE: [u64; 2] = [20, 10];

/// Older ones let a container reach the machine's files (CVE-2024-21626, CVE-2025-31133).
const SAFE_RUNC: [u64; 3] = [1, 2, 8];

pub(super) async fn examine(config: &RunnerConfig) -> Vec<Finding> {
    let engine = match DockerBackend::new(config.docker_host.as_deref()) {
        Ok(engine) => engine,
        Err(error) => return vec![unreachable(&error.to_string())],
    };
    if let Err(error) = engine.check().await {
        return vec![unreachable(&error.to_string())];
    }
    let mut findings = match ask(engine.client()).await {
        Ok((version, info)) => judge(&version, &info),
        Err(error) => vec![unreachable(&error.to_string())],
    };
    findings.extend(images(config, engine.client()).await);
    findings
}

fn unreachable(reason: &str) -> Finding {
    Finding::problem("engine", reason, "start the engine, or name another with --docker-host")
}

async fn ask(docker: &Docker) -> Result<(SystemVersion, SystemInfo), Error> {
    Ok((docker.version().await?, docker.info().await?))
}

/// Pure, so that every machine can be judged in a test.
fn judge(version: &SystemVersion, info: &SystemInfo) -> Vec<Finding> {
    let mut findings = vec![
        engine_version(version.version.as_deref().unwrap_or_default()),
        runc(version),
        storage(info.driver.as_deref().unwrap_or_default()),
        cgroups(info),
        user_namespaces(info),
        seccomp(info),
    ];
    let root = info.docker_root_dir.as_deref().unwrap_or("/var/lib/docker");
    findings.push(room("engine's disk", Path::new(root)));
    findings
}

fn engine_version(version: &str) -> Finding {
    let message = format!("version {version} answers");
    if numbers(version).as_slice() < OLDEST_ENGINE.as_slice() {
        return Finding::problem("engine", message, "20.10 or newer is needed");
    }
    Finding::good("engine", message)
}

fn runc(version: &SystemVersion) -> Finding {
    let components = version.components.iter().flatten();
    let runc = components.filter(|component| component.name == "runc").map(|c| &c.version).next();
    match runc {
        None => Finding::warning("runc", "the engine does not say its version", ""),
        Some(version) if numbers(version).as_slice() < SAFE_RUNC.as_slice() => Finding::warning(
            "runc",
            format!("version {version} may let a container reach this machine's files"),
            "update to 1.2.8 or newer, unless your distribution has repaired its older one",
        ),
        Some(version) => Finding::good("runc", format!("version {version}")),
    }
}

/// `1.1.5+ds1` as 1, 1, 5.
fn numbers(version: &str) -> Vec<u64> {
    let parts = version.trim_start_matches('v').split(|c: char| !c.is_ascii_digit());
    parts.map_while(|part| part.parse().ok()).take(3).collect()
}

fn storage(driver: &str) -> Finding {
    match driver {
        "overlay2" | "overlayfs" | "btrfs" | "zfs" => Finding::good("storage", driver),
        other => Finding::warning(
            "storage",
            format!("driver `{other}` copies whole images for every container"),
            "use a disk that overlay2 works on",
        ),
    }
}

fn cgroups(info: &SystemInfo) -> Finding {
    let can = |what: Option<bool>| what != Some(false);
    let missing: Vec<&str> = [
        ("memory", can(info.memory_limit)),
        ("processes", can(info.pids_limit)),
        ("processors", can(info.cpu_cfs_quota)),
    ]
    .into_iter()
    .filter_map(|(name, is_there)| (!is_there).then_some(name))
    .collect();
    let version = match info.cgroup_version {
        Some(SystemInfoCgroupVersionEnum::_2) => "version 2",
        _ => "version 1",
    };
    if missing.is_empty() {
        return Finding::good("control groups", version);
    }
    Finding::warning(
        "control groups",
        format!("{version}; the engine cannot limit {}", missing.join(", ")),
        "one job can take everything from the others; enable the missing controllers",
    )
}

fn has_security(info: &SystemInfo, option: &str) -> bool {
    let name = format!("name={option}");
    info.security_options.iter().flatten().any(|text| text.split(',').any(|part| part == name))
}

fn user_namespaces(info: &SystemInfo) -> Finding {
    let name = "user namespaces";
    if has_security(info, "userns") || has_security(info, "rootless") {
        return Finding::good(name, "root in a container is nobody on this machine");
    }
    Finding::warning(
        name,
        "root in a container is root for the kernel",
        "a rootless engine, or one with `userns-remap`, is safer",
    )
}

fn seccomp(info: &SystemInfo) -> Finding {
    if has_security(info, "seccomp") {
        return Finding::good("seccomp", "system calls are filtered");
    }
    Finding::warning(
        "seccomp",
        "the engine does not filter system calls of containers",
        "use a kernel and an engine with seccomp",
    )
}

async fn images(config: &RunnerConfig, docker: &Docker) -> Vec<Finding> {
    let mut names: Vec<&String> = config.images.values().collect();
    names.sort_unstable();
    names.dedup();
    let mut findings = Vec::new();
    for name in names {
        findings.push(match docker.inspect_image(name).await {
            Ok(_) => Finding::good("image", format!("`{name}` is here")),
            Err(error) => Finding::warning(
                "image",
                format!("`{name}`: {error}"),
                "it is pulled when a job needs it; build it if no registry has it",
            ),
        });
    }
    findings
}

#[cfg(test)]
mod tests {
    use bollard::models::SystemVersionComponents;

    use super::*;
    use crate::doctor::Severity;

    fn version(engine: &str, runc: &str) -> SystemVersion {
        let runc = SystemVersionComponents {
            name: "runc".to_owned(),
            version: runc.to_owned(),
            details: None,
        };
        SystemVersion {
            version: Some(engine.to_owned()),
            components: Some(vec![runc]),
            ..SystemVersion::default()
        }
    }

    fn info(driver: &str, security: &[&str]) -> SystemInfo {
        SystemInfo {
            driver: Some(driver.to_owned()),
            security_options: Some(security.iter().map(|&text| text.to_owned()).collect()),
            ..SystemInfo::default()
        }
    }

    /// The findings that are not good, by name.
    fn complaints(version: &SystemVersion, info: &SystemInfo) -> Vec<(&'static str, Severity)> {
        let findings = judge(version, info).into_iter();
        let named = findings.map(|finding| (finding.name, finding.severity));
        named
            .filter(|(name, severity)| *severity > Severity::Good && *name != "engine's disk")
            .collect()
    }

    #[test]
    fn a_new_engine_without_root_has_no_complaints() {
        let info = info("overlay2", &["name=seccomp,profile=default", "name=rootless"]);
        assert_eq!(complaints(&version("27.3.1", "1.2.8"), &info), []);
    }

    #[test]
    fn an_old_engine_without_protection_has_many() {
        let mut info = info("vfs", &[]);
        info.memory_limit = Some(false);
        assert_eq!(
            complaints(&version("19.03.5", "1.1.5+ds1"), &info),
            [
                ("engine", Severity::Problem),
                ("runc", Severity::Warning),
                ("storage", Severity::Warning),
                ("control groups", Severity::Warning),
                ("user namespaces", Severity::Warning),
                ("seccomp", Severity::Warning),
            ]
        );
    }
}
