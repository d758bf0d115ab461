//! One runner per work directory.

use std::fs::OpenOptions;
use std::path::Path;

use nix::fcntl::{Flock, FlockArg};

use crate::infra_error::InfraError;

/// Held while a runner works in the directory; the kernel releases it when the runner dies.
pub(super) fn lock(work_directory: &Path) -> anyhow::Result<Flock<std::fs::File>> {
    let path = work_directory.join("lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(InfraError::disk("opening", &path))?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|_| {
        anyhow::anyhow!(
            "another runner works in `{}`; stop it, or give this one a directory of its own with \
             --work-dir",
            work_directory.display()
        )
    })
}
