//! Ends a database that outlived an earlier server.
//!
//! Acts only on a process whose working directory is the cluster, whatever `postmaster.pid` says.
//! Invariant: the process is asked for an orderly end, so nothing that was committed is lost.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::error::EmbeddedError;

/// An orderly end writes a checkpoint; large ones on slow disks take long.
const PATIENCE: Duration = Duration::from_mins(2);

/// The process is not our child, so its end can only be looked for.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Returns once no database runs in `cluster`.
pub(super) fn end(cluster: &Path) -> Result<(), EmbeddedError> {
    let Some(pid) = running(cluster) else { return Ok(()) };
    tracing::info!(pid, "ending the database that an earlier server left running");
    // A "fast" shutdown: sessions are ended, everything is flushed.
    let _ = kill(Pid::from_raw(pid), Signal::SIGINT);
    let deadline = Instant::now() + PATIENCE;
    while running(cluster) == Some(pid) {
        if Instant::now() > deadline {
            return Err(EmbeddedError::OrphanStays(pid));
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    Ok(())
}

/// The postmaster of `cluster`. A zombie has no working directory and does not count.
fn running(cluster: &Path) -> Option<i32> {
    let text = fs::read_to_string(cluster.join("postmaster.pid")).ok()?;
    let pid: i32 = text.lines().next()?.trim().parse().ok()?;
    let directory = fs::read_link(format!("/proc/{pid}/cwd")).ok()?;
    (directory == fs::canonicalize(cluster).ok()?).then_some(pid)
}
