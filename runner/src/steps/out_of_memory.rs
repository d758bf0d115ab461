//! Whether a process was killed because its container had no memory left.
//!
//! Invariant: asked only after a kill, so it costs an ordinary step nothing.

use crate::execution::RunningJob;

/// Where the kernel counts the kills of a container: version 2 of control groups, and version 1.
const COUNTERS: [&str; 2] =
    ["/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"];

const LARGEST_COUNTER_BYTES: u64 = 64 * 1024;

/// A sentence for the step's log, if the kernel has killed processes of the job.
pub(super) async fn explain_kill(job: &RunningJob) -> Option<String> {
    let paths = COUNTERS.map(str::to_owned).to_vec();
    let files = job.shim().ok()?.read_files(paths, LARGEST_COUNTER_BYTES).await.ok()?;
    let has_killed = files.iter().flatten().any(|file| kills(&String::from_utf8_lossy(file)) > 0);
    let limit = job.host.config.confinement.memory_bytes(job.host.config.slots);
    let limit = limit.map(|bytes| format!(" (the runner allows {} MiB)", bytes >> 20));
    has_killed.then(|| {
        format!(
            "A process was killed because the job's container ran out of memory{}.",
            limit.unwrap_or_default()
        )
    })
}

fn kills(counters: &str) -> u64 {
    let count = |line: &str| line.strip_prefix("oom_kill ")?.trim().parse().ok();
    counters.lines().find_map(count).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kills_are_read_from_both_versions_of_control_groups() {
        assert_eq!(kills("low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n"), 2);
        assert_eq!(kills("oom_kill_disable 0\nunder_oom 0\noom_kill 1\n"), 1);
        assert_eq!(kills("oom_kill_disable 0\nunder_oom 0\n"), 0);
    }
}
