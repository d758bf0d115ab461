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

/// Returns once no database runs in `cluster`, and no file says that one does.
pub(super) fn end(cluster: &Path) -> Result<(), EmbeddedError> {
    let Some(pid) = running(cluster) else { return forget(cluster) };
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

/// After a crash of the machine the process number in `postmaster.pid` may belong to somebody else,
/// in a container even most likely, and PostgreSQL would then refuse to start for ever. It still
/// looks for itself whether sessions of the dead one hold its memory.
fn forget(cluster: &Path) -> Result<(), EmbeddedError> {
    let file = cluster.join("postmaster.pid");
    if !file.exists() || is_in_use(cluster) {
        return Ok(());
    }
    tracing::info!("removing `postmaster.pid`: the database it names is gone");
    fs::remove_file(&file).map_err(EmbeddedError::io(format!("removing `{}`", file.display())))
}

/// Whether any process works in `cluster`.
fn is_in_use(cluster: &Path) -> bool {
    let (Ok(cluster), Ok(processes)) = (fs::canonicalize(cluster), fs::read_dir("/proc")) else {
        return true;
    };
    processes
        .flatten()
        .any(|process| fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd == cluster))
}

/// The postmaster of `cluster`. A zombie has no working directory and does not count.
fn running(cluster: &Path) -> Option<i32> {
    let text = fs::read_to_string(cluster.join("postmaster.pid")).ok()?;
    let pid: i32 = text.lines().next()?.trim().parse().ok()?;
    let directory = fs::read_link(format!("/proc/{pid}/cwd")).ok()?;
    (directory == fs::canonicalize(cluster).ok()?).then_some(pid)
}
