//! The machine beside its container engine: programs, room on disks, what the operator opted into.

use std::path::Path;
use std::process::Command;

use nix::sys::statvfs::statvfs;

use super::finding::Finding;
use crate::config::{DockerSocket, RunnerConfig};
use crate::confinement::Profile;

/// A job image and a build fit into this; below, jobs fail for lack of room.
const LEAST_BYTES: u64 = 1 << 30;
const FEW_BYTES: u64 = 10 << 30;

pub(super) fn examine(config: &RunnerConfig) -> Vec<Finding> {
    vec![
        git(),
        room("work directory", &config.work_directory),
        docker_socket(config.docker_socket),
        profile(config.confinement.profile),
        memory(config),
    ]
}

fn git() -> Finding {
    let hint = "install git; checkouts and actions come through it";
    match Command::new("git").arg("--version").output() {
        Ok(output) if output.status.success() => {
            Finding::good("git", String::from_utf8_lossy(&output.stdout).trim().to_owned())
        }
        Ok(output) => Finding::problem("git", format!("`git --version`: {}", output.status), hint),
        Err(error) => Finding::problem("git", format!("`git --version`: {error}"), hint),
    }
}

/// Free bytes where `path` is or will be.
pub(super) fn room(name: &'static str, path: &Path) -> Finding {
    let hint = "make room, or move the directory to a larger disk";
    let existing = path.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    let shown = path.display();
    match statvfs(existing) {
        Err(error) => Finding::warning(name, format!("`{shown}`: {error}"), hint),
        Ok(disk) => {
            let free = disk.blocks_available() * disk.fragment_size();
            let message =
                format!("`{shown}` has {:.1} GiB free", free as f64 / (1u64 << 30) as f64);
            match free {
                free if free < LEAST_BYTES => Finding::problem(name, message, hint),
                free if free < FEW_BYTES => Finding::warning(name, message, hint),
                _ => Finding::good(name, message),
            }
        }
    }
}

fn docker_socket(given: DockerSocket) -> Finding {
    let name = "engine socket";
    match given {
        DockerSocket::Off => return Finding::good(name, "no job may use the engine's socket"),
        DockerSocket::Own => {
            return Finding::good(name, "jobs that may use the engine see only what they made");
        }
        DockerSocket::Engine => {}
    }
    Finding::warning(
        name,
        "jobs of repositories that are allowed to use the engine's socket control this machine",
        "run such repositories on a machine of their own, or start with --docker-socket=own",
    )
}

fn profile(profile: Profile) -> Finding {
    let name = "profile";
    match profile {
        Profile::Standard => Finding::good(name, "jobs cannot gain privileges"),
        Profile::Compat => Finding::warning(
            name,
            "jobs may become root within their container, as `sudo` needs",
            "start with --profile standard if no workflow uses sudo",
        ),
    }
}

fn memory(config: &RunnerConfig) -> Finding {
    let name = "memory";
    match config.confinement.memory_bytes(config.slots) {
        Some(bytes) => Finding::good(name, format!("a container gets {} MiB at most", bytes >> 20)),
        None => Finding::warning(
            name,
            "a job may use up all memory of this machine",
            "start with --memory-mib",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Severity;

    #[test]
    fn a_directory_that_does_not_exist_yet_has_the_room_of_the_one_above() {
        let found = room("work directory", Path::new("/nonexistent/work"));
        assert!(found.message.starts_with("`/nonexistent/work` has "), "{found:?}");
    }

    #[test]
    fn what_the_operator_opted_into_is_a_warning() {
        assert_eq!(docker_socket(DockerSocket::Engine).severity, Severity::Warning);
        assert_eq!(docker_socket(DockerSocket::Own).severity, Severity::Good);
        assert_eq!(profile(Profile::Standard).severity, Severity::Good);
    }
}
