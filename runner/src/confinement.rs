//! What an operator confines the containers of jobs to: profile, limits, volumes
//! (`reliability-security` 4.4).
//!
//! Does not apply it ([`crate::container`]). Invariant: what is not allowed here is not reachable from
//! a workflow file.

use std::path::Path;

use clap::ValueEnum;

/// How much a container may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// `sudo` and package managers work, as on GitHub's machines
    #[default]
    Compat,
    /// Nobody gains privileges, and fewer are there from the start
    Standard,
}

/// Needed by everything that prepares files for another user and then becomes it.
const STANDARD: [&str; 8] =
    ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID"];

/// Besides those: what `sudo`, `dpkg` and `chroot` use. Of the engine's own set, making devices and
/// raw sockets are left out.
const COMPAT: [&str; 12] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

impl Profile {
    /// Of which `options` may drop some.
    pub(crate) fn capabilities(self) -> &'static [&'static str] {
        match self {
            Self::Compat => &COMPAT,
            Self::Standard => &STANDARD,
        }
    }
}

/// What a runner gives to the containers of its jobs at most.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Confinement {
    pub profile: Profile,
    /// Of one container; `None` for an equal share of the machine's for each slot.
    pub memory_mib: Option<u64>,
    /// Of one container; `None` for all there are.
    pub cpus: Option<f64>,
    /// Names of the engine's volumes and paths of directories that workflows may mount.
    pub volumes: Vec<String>,
}

/// The same on a command line.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ConfinementArguments {
    /// What containers of jobs may do
    #[arg(long, env = "GANTRY_RUNNER_PROFILE", value_enum, default_value = "compat")]
    profile: Profile,

    /// Memory of one container in MiB, 0 for no limit; without it, an equal share for each slot
    #[arg(long, env = "GANTRY_RUNNER_MEMORY_MIB", value_name = "MIB")]
    memory_mib: Option<u64>,

    /// Processors of one container; without it, all
    #[arg(long, env = "GANTRY_RUNNER_CPUS", value_name = "CPUS", value_parser = cpus)]
    cpus: Option<f64>,

    /// Volume of the engine, or directory of this machine, that workflows may mount
    #[arg(
        long = "volume",
        env = "GANTRY_RUNNER_VOLUMES",
        value_delimiter = ',',
        value_name = "NAME_OR_PATH",
        value_parser = volume
    )]
    volumes: Vec<String>,
}

impl From<ConfinementArguments> for Confinement {
    fn from(arguments: ConfinementArguments) -> Self {
        let ConfinementArguments { profile, memory_mib, cpus, volumes } = arguments;
        Self { profile, memory_mib, cpus, volumes }
    }
}

impl Confinement {
    /// Bytes of one container on a runner with this many slots; `None` for no limit.
    pub(crate) fn memory_bytes(&self, slots: usize) -> Option<u64> {
        match self.memory_mib {
            Some(0) => None,
            Some(mib) => Some(mib << 20),
            None => Some(machine_memory()? / slots.max(1) as u64),
        }
    }
}

fn machine_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}

fn cpus(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(cpus) if (0.01..=1024.0).contains(&cpus) => Ok(cpus),
        _ => Err("expected a number from 0.01 to 1024".to_owned()),
    }
}

/// The whole machine is not a volume.
fn volume(text: &str) -> Result<String, String> {
    let is_path = text.starts_with('/');
    let is_root = is_path && Path::new(text).components().count() < 2;
    if text.is_empty() || is_root || (!is_path && text.contains(['/', ':'])) {
        return Err("expected the name of a volume or an absolute path below `/`".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_shared_by_the_slots_unless_the_operator_says_otherwise() {
        let memory = |memory_mib, slots| {
            Confinement { memory_mib, ..Confinement::default() }.memory_bytes(slots)
        };
        assert_eq!(memory(Some(2), 4), Some(2 << 20));
        assert_eq!(memory(Some(0), 4), None);
        assert_eq!(memory(None, 2).map(|half| half / 1024), machine_memory().map(|m| m / 2048));
    }

    #[test]
    fn the_root_directory_is_no_volume() {
        for wrong in ["/", "//", "", "a/b", "a:b"] {
            assert!(volume(wrong).is_err(), "{wrong}");
        }
        assert!(volume("/srv/cache").is_ok() && volume("cache").is_ok());
    }

    #[test]
    fn the_stricter_profile_has_less() {
        assert!(STANDARD.iter().all(|capability| COMPAT.contains(capability)));
    }
}
