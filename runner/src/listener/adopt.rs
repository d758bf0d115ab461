//! What an earlier runner of this work directory left: jobs to go on with, and remains.
//!
//! Invariant: after this, every container with this installation's label belongs to a job that is
//! being run.

use std::collections::BTreeSet;
use std::fs;

use gantry_protocol::JobId;

use crate::execution::{Host, JobState};
use crate::infra_error::InfraError;
use crate::job::remove;

/// Removes remains; answers the jobs that can go on.
pub(super) async fn find_jobs(host: &Host) -> Result<Vec<JobState>, InfraError> {
    let mut found = Vec::new();
    for job in directories(host)? {
        let directory = host.directory(job);
        match JobState::load(&directory) {
            Ok(state) => found.push(state),
            Err(error) => {
                tracing::warn!(job.id = job.0, %error, "remains of a job removed");
                remove(host, job, &directory).await;
            }
        }
    }
    let known: BTreeSet<JobId> = found.iter().map(|state| state.message.job_id).collect();
    for job in host.backend.jobs(&host.installation).await?.difference(&known) {
        tracing::warn!(job.id = job.0, "containers of an unknown job removed");
        remove(host, *job, &host.directory(*job)).await;
    }
    Ok(found)
}

/// The containers of jobs that go on.
pub(super) fn containers(jobs: &[JobState]) -> Vec<&str> {
    let containers = jobs.iter().filter_map(|state| state.record.containers.as_ref());
    containers.map(|containers| containers.job.as_str()).collect()
}

fn directories(host: &Host) -> Result<Vec<JobId>, InfraError> {
    let jobs = host.jobs_directory();
    fs::create_dir_all(&jobs).map_err(InfraError::disk("creating", &jobs))?;
    let entries = fs::read_dir(&jobs).map_err(InfraError::disk("reading", &jobs))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.filter_map(|name| name.parse().ok()).collect())
}
