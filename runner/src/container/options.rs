//! The allowed part of `options:` of containers and services.
//!
//! An allow-list: whatever could reach beyond the container is refused by name
//! (`reliability-security` S14). Invariant: an option that is not understood is an error, never
//! ignored.

use super::option_values::{duration, nano_cpus, number, pair, size, ulimit};
use super::spec::ContainerSpec;
use super::volumes::parse_volume;
use crate::confinement::Profile;
use crate::words::split_words;

/// Applies `options` to `spec`; the error is a sentence for the user. `volumes` are those that the
/// runner's operator allows.
pub(crate) fn parse_options(
    options: &str,
    volumes: &[String],
    spec: &mut ContainerSpec,
) -> Result<(), String> {
    let words = split_words(options).ok_or("a quote in `options` is not closed")?;
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let (name, inline) = split_option(&word);
        if apply_flag(name, inline, spec) {
            continue;
        }
        if !is_known(name) {
            return Err(format!("option `{name}` is not allowed for containers on this runner"));
        }
        let value = match inline {
            Some(value) => value.to_owned(),
            None => words.next().ok_or_else(|| format!("option `{name}` needs a value"))?,
        };
        if matches!(name, "--volume" | "-v") {
            spec.volumes.push(parse_volume(&value, volumes)?);
        } else {
            apply(name, &value, spec)?;
        }
    }
    Ok(())
}

/// `--name=value`, `-n=value`, `-nvalue`, or only the name.
fn split_option(word: &str) -> (&str, Option<&str>) {
    if let Some((name, value)) = word.split_once('=')
        && (name.starts_with("--") || name.len() == 2)
    {
        return (name, Some(value));
    }
    match word.split_at_checked(2) {
        Some((name, value)) if !name.starts_with("--") && name.starts_with('-') => {
            (name, Some(value).filter(|value| !value.is_empty()))
        }
        _ => (word, None),
    }
}

fn apply_flag(name: &str, inline: Option<&str>, spec: &mut ContainerSpec) -> bool {
    let on = inline.is_none_or(|value| value == "true");
    match name {
        "--init" => spec.init = on,
        "--no-healthcheck" => spec.health.disabled = on,
        "--read-only" => spec.read_only = on,
        _ => return false,
    }
    true
}

/// Options with a value.
const KNOWN: [&str; 41] = [
    "--add-host",
    "--cap-add",
    "--cap-drop",
    "--cpu-shares",
    "-c",
    "--cpus",
    "--cpuset-cpus",
    "--dns",
    "--dns-search",
    "--entrypoint",
    "--env",
    "-e",
    "--expose",
    "--group-add",
    "--health-cmd",
    "--health-interval",
    "--health-retries",
    "--health-start-period",
    "--health-timeout",
    "--hostname",
    "-h",
    "--label",
    "-l",
    "--memory",
    "-m",
    "--memory-reservation",
    "--memory-swap",
    "--name",
    "--network-alias",
    "--pids-limit",
    "--security-opt",
    "--shm-size",
    "--stop-signal",
    "--tmpfs",
    "--ulimit",
    "--user",
    "-u",
    "--volume",
    "-v",
    "--workdir",
    "-w",
];

fn is_known(name: &str) -> bool {
    KNOWN.contains(&name)
}

fn apply(name: &str, value: &str, spec: &mut ContainerSpec) -> Result<(), String> {
    let text = || value.to_owned();
    if name.starts_with("--health-") {
        return apply_health(name, value, spec);
    }
    match name {
        "--user" | "-u" => spec.user = Some(text()),
        "--workdir" | "-w" => spec.working_directory = Some(directory(name, value)?),
        "--env" | "-e" => spec.environment.push(pair(value)),
        "--label" | "-l" => spec.labels.push(label(name, value)?),
        "--group-add" => spec.groups.push(text()),
        "--tmpfs" => {
            let (target, options) = value.split_once(':').unwrap_or((value, ""));
            spec.memory_mounts.push((directory(name, target)?, options.to_owned()));
        }
        "--stop-signal" => spec.stop_signal = Some(text()),
        "--entrypoint" => spec.entrypoint = Some(vec![text()]),
        "--cap-drop" => spec.dropped_capabilities.push(capability(value)),
        "--cap-add" => check_capability(name, value)?,
        "--security-opt" => {
            let allowed = ["no-new-privileges", "no-new-privileges:true", "no-new-privileges=true"];
            if !allowed.contains(&value) {
                return Err(format!("option `{name} {value}` is not allowed on this runner"));
            }
            spec.no_new_privileges = true;
        }
        // Ports of a container are open to its network without it.
        "--expose" => {}
        "--hostname" | "-h" => spec.naming.hostname = Some(text()),
        // Names are the runner's; within the job's network it is as good.
        "--name" | "--network-alias" => spec.naming.aliases.push(text()),
        "--add-host" => spec.naming.hosts.push(text()),
        "--dns" => spec.naming.dns.push(text()),
        "--dns-search" => spec.naming.dns_search.push(text()),
        _ => return apply_resource(name, value, spec),
    }
    Ok(())
}

fn apply_health(name: &str, value: &str, spec: &mut ContainerSpec) -> Result<(), String> {
    let health = &mut spec.health;
    match name {
        "--health-cmd" => health.command = Some(value.to_owned()),
        "--health-interval" => health.interval = Some(duration(name, value)?),
        "--health-timeout" => health.timeout = Some(duration(name, value)?),
        "--health-start-period" => health.start_period = Some(duration(name, value)?),
        _ => health.retries = Some(number(name, value)?),
    }
    Ok(())
}

fn apply_resource(name: &str, value: &str, spec: &mut ContainerSpec) -> Result<(), String> {
    let resources = &mut spec.resources;
    match name {
        "--memory" | "-m" => resources.memory_bytes = Some(size(name, value)?),
        "--memory-swap" if value == "-1" => resources.memory_and_swap_bytes = Some(-1),
        "--memory-swap" => resources.memory_and_swap_bytes = Some(size(name, value)?),
        "--memory-reservation" => resources.memory_reservation_bytes = Some(size(name, value)?),
        "--shm-size" => resources.shm_bytes = Some(size(name, value)?),
        "--cpus" => resources.nano_cpus = Some(nano_cpus(name, value)?),
        "--cpu-shares" | "-c" => resources.cpu_shares = Some(number(name, value)?),
        "--cpuset-cpus" => resources.cpus = Some(value.to_owned()),
        "--pids-limit" => resources.processes = Some(number(name, value)?),
        _ => resources.ulimits.push(ulimit(name, value)?),
    }
    Ok(())
}

fn directory(name: &str, value: &str) -> Result<String, String> {
    if !value.starts_with('/') || value.starts_with("/proc") || value.starts_with("/sys") {
        return Err(format!("`{value}` is not a directory for option `{name}`"));
    }
    Ok(value.to_owned())
}

/// Ours say whose the container is.
fn label(name: &str, value: &str) -> Result<(String, String), String> {
    let (key, value) = pair(value);
    if key.starts_with("gantry.") {
        return Err(format!("option `{name} {key}` is not allowed: the label is the runner's"));
    }
    Ok((key, value))
}

fn capability(value: &str) -> String {
    let upper = value.to_ascii_uppercase();
    upper.strip_prefix("CAP_").map_or(upper.clone(), str::to_owned)
}

/// What a container has anyway may be asked for.
fn check_capability(name: &str, value: &str) -> Result<(), String> {
    if Profile::Compat.capabilities().contains(&capability(value).as_str()) {
        return Ok(());
    }
    Err(format!("option `{name} {value}` is not allowed for containers on this runner"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::container::VolumeSource;

    fn parse(options: &str) -> Result<ContainerSpec, String> {
        let mut spec = ContainerSpec::default();
        parse_options(options, &["cache".to_owned()], &mut spec).map(|()| spec)
    }

    #[test]
    fn health_options_as_written_for_postgres() {
        let text = "--health-cmd \"pg_isready -U ci\" --health-interval=500ms\n --health-retries 5";
        let spec = parse(text).unwrap();
        assert_eq!(spec.health.command.as_deref(), Some("pg_isready -U ci"));
        assert_eq!(spec.health.interval, Some(Duration::from_millis(500)));
        assert_eq!(spec.health.retries, Some(5));
    }

    #[test]
    fn sizes_and_cpus_have_the_engines_units() {
        let spec = parse("--memory 2g --cpus 1.5 -e A=b=c").unwrap();
        assert_eq!(spec.resources.memory_bytes, Some(2 << 30));
        assert_eq!(spec.resources.nano_cpus, Some(1_500_000_000));
        assert_eq!(spec.environment, [("A".to_owned(), "b=c".to_owned())]);
    }

    #[test]
    fn what_reaches_beyond_the_container_is_refused_by_name() {
        let spellings = [
            "-v=/:/host",
            "-v/:/host",
            "--volume /etc:/x",
            "--security-opt=apparmor=unconfined",
            "--cap-add=SYS_ADMIN",
            "--cap-add CAP_NET_RAW",
            "--ipc=host",
            "--userns=host",
            "--uts host",
            "--cgroupns=host",
            "--cgroup-parent /",
            "--runtime runc",
            "--gpus all",
            "--device-cgroup-rule a",
            "--sysctl kernel.core_pattern=x",
            "--oom-score-adj=-1000",
            "--oom-kill-disable",
            "--env-file /etc/passwd",
            "--log-driver syslog",
            "--publish 1:1",
            "-p1:1",
            "--restart always",
            "--net=host",
            "--link x",
            "--isolation x",
            "-it",
            "--rm",
            "image",
            "--privileged",
            "--privileged=true",
            "--priv",
            "-v /:/host",
            "--mount type=bind,src=/,dst=/h",
            "--pid=host",
            "--network host",
            "--cap-add ALL",
            "--security-opt seccomp=unconfined",
            "--device /dev/kvm",
            "--volumes-from x",
            "'--privileged'",
        ];
        for options in spellings {
            let error = parse(options).unwrap_err();
            assert!(error.contains("not allowed"), "{options}: {error}");
        }
    }

    #[test]
    fn options_that_stay_within_the_container_are_applied() {
        let spec = parse(
            "-m512m -e=A=1 -eB=2 --tmpfs /scratch:size=1m --ulimit nofile=10:20 --cap-drop cap_kill \
             --cap-add CHOWN --security-opt no-new-privileges:true --read-only --name db \
             --network-alias database --add-host a:1.2.3.4 -v cache:/cache:ro -w /srv --pids-limit 9 \
             --expose 80 --label team=x --group-add 7 --cpuset-cpus 0-1 --memory-swap -1",
        )
        .unwrap();
        assert_eq!(spec.resources.memory_bytes, Some(512 << 20));
        assert_eq!(spec.environment, [("A", "1"), ("B", "2")].map(|(a, b)| (a.into(), b.into())));
        assert_eq!(spec.memory_mounts, [("/scratch".to_owned(), "size=1m".to_owned())]);
        assert_eq!(spec.resources.ulimits, [("nofile".to_owned(), 10, 20)]);
        assert_eq!(spec.dropped_capabilities, ["KILL"]);
        assert!(spec.no_new_privileges && spec.read_only);
        assert_eq!(spec.naming.aliases, ["db", "database"]);
        assert_eq!(spec.volumes[0].source, VolumeSource::Named("cache".to_owned()));
        assert_eq!(spec.resources.processes, Some(9));
        assert!(parse("--label gantry.job=1").unwrap_err().contains("gantry.job"));
        assert!(parse("--tmpfs /proc/x").is_err());
    }

    #[test]
    fn malformed_values_name_their_option() {
        assert!(parse("--memory lots").unwrap_err().contains("--memory"));
        assert!(parse("--health-interval 5").unwrap_err().contains("--health-interval"));
        assert!(parse("--health-cmd").unwrap_err().contains("needs a value"));
        assert!(parse("--health-cmd \"x").unwrap_err().contains("not closed"));
    }
}
