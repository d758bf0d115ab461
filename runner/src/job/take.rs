//! A container that was waiting for a job, for a job that asks for nothing more than that.
//!
//! Invariant: which container the job has taken is on disk before anything of the job is in it, so
//! that whoever removes the job removes the container.

use std::fs;

use super::requests::Requests;
use crate::container::SocketMount;
use crate::execution::RunningJob;
use crate::infra_error::InfraError;
use crate::warm::{Warm, plain_spec};

/// Takes a container with its directories, if there is one that is the same as what the job would
/// get.
pub(super) async fn take_warm(
    job: &RunningJob,
    requests: &Requests,
) -> Result<Option<Warm>, InfraError> {
    let host = &job.host;
    if host.config.warm.is_off() || !is_plain(job, requests) {
        return Ok(None);
    }
    let image = &requests.container.spec.image;
    host.warm.note_use(image);
    if !host.warm.has(image) {
        return Ok(None);
    }
    let Some(image_id) = host.backend.image_id(image).await? else { return Ok(None) };
    let Some(warm) = host.warm.take(image, &image_id) else { return Ok(None) };
    // Nothing is awaited from the taking on, so a cancelled job cannot forget what it has.
    let path = job.directory.taken_container();
    let noted = fs::write(&path, &warm.container).map_err(InfraError::disk("writing", &path));
    if let Err(error) = noted {
        host.backend.remove_container(&warm.container).await?;
        return Err(error);
    }
    job.directory.take_mounted(&warm.directory)?;
    job.directory.create_own(job.repository())?;
    Ok(Some(warm))
}

/// Whether the job asks for an image and for nothing else.
fn is_plain(job: &RunningJob, requests: &Requests) -> bool {
    let mut spec = requests.container.spec.clone();
    // The job's processes get it, and not the container.
    spec.environment.clear();
    requests.services.is_empty()
        && job.docker_socket() == SocketMount::None
        && spec == plain_spec(&job.host.config, &spec.image)
}
