//! Removing what a job has on this machine.
//!
//! Does not decide when. Invariant: a job's directory goes last, because it names what else there is.

use std::fs;
use std::io::ErrorKind;

use gantry_protocol::{JobId, LeaseToken};

use crate::background::blocking;
use crate::client::Backoff;
use crate::config::DEFAULT_IMAGE;
use crate::container::{EmptyDirectory, Owner};
use crate::execution::Host;
use crate::infra_error::InfraError;
use crate::workspace::JobDirectory;

/// With the pauses between them, more than half a minute.
const REMOVAL_ATTEMPTS: u32 = 16;

/// Removes what a job has on this machine. An engine that is restarted meanwhile is waited for;
/// what cannot be removed then is swept at the runner's next start.
pub(crate) async fn remove(host: &Host, job: JobId, directory: &JobDirectory) {
    let mut backoff = Backoff::new();
    for attempt in 1.. {
        let Err(error) = try_to_remove(host, job, directory).await else { return };
        if attempt == REMOVAL_ATTEMPTS {
            tracing::error!(job.id = job.0, %error, "remains of a job not removed");
            return;
        }
        tracing::debug!(job.id = job.0, %error, "remains of a job not removed yet");
        backoff.pause().await;
    }
}

async fn try_to_remove(
    host: &Host,
    job: JobId,
    directory: &JobDirectory,
) -> Result<(), InfraError> {
    remove_containers(host, job, directory).await?;
    match blocking(|| directory.remove()) {
        Err(InfraError::Disk { source, .. }) if source.kind() == ErrorKind::PermissionDenied => {}
        removed => return removed,
    }
    // A job's root has made them, and this runner is somebody else.
    let emptied = EmptyDirectory {
        owner: Owner { runner: host.installation.clone(), job, lease: LeaseToken(0) },
        image: host.config.image_for(&[]).unwrap_or(DEFAULT_IMAGE).to_owned(),
        shim_program: host.shim_program.clone(),
        directory: directory.root().to_owned(),
    };
    host.backend.empty_directory(&emptied).await?;
    blocking(|| directory.remove())
}

/// Removes the containers, networks and volumes of a job, the container that it has taken included.
pub(super) async fn remove_containers(
    host: &Host,
    job: JobId,
    directory: &JobDirectory,
) -> Result<(), InfraError> {
    host.backend.remove_job(&host.installation, job).await?;
    let taken = directory.taken_container();
    if let Ok(container) = fs::read_to_string(&taken) {
        host.backend.remove_container(&container).await?;
        fs::remove_file(&taken).map_err(InfraError::disk("removing", &taken))?;
    }
    Ok(())
}
