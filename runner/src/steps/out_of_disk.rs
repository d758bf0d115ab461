//! Whether a process failed on a disk that is full.
//!
//! Invariant: asked only after a failure, so it costs an ordinary step nothing.

use nix::sys::statvfs::statvfs;

use crate::execution::RunningJob;
use crate::infra_error::InfraError;

/// With less than this free nearly everything fails that writes.
const FULL_BYTES: u64 = 64 * 1024;

/// An error when the disk of the job's directory is full: whatever the process says then is not its fault.
pub(super) fn check_disk(job: &RunningJob) -> Result<(), InfraError> {
    let path = job.directory.work();
    let Ok(disk) = statvfs(&path) else { return Ok(()) };
    match disk.blocks_available() * disk.fragment_size() {
        free if free < FULL_BYTES => Err(InfraError::DiskFull { path, free_kib: free / 1024 }),
        _ => Ok(()),
    }
}
