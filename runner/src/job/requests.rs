//! What containers a job asks for, evaluated and kept within what the operator allows.
//!
//! Starts nothing. Invariant: a request that this answers names nothing of the machine that the
//! operator has not listed.

use indexmap::IndexMap;

use super::container_request::{ContainerRequest, read_container};
use super::services;
use super::set_up::SetUpError;
use crate::container::{self, ContainerSpec, VolumeSource, real_directory};
use crate::execution::{RunningJob, Scope};
use crate::infra_error::InfraError;

/// The containers a job asks for, evaluated.
pub(super) struct Requests {
    pub(super) container: ContainerRequest,
    /// The job names no `container`: it sees itself as the machine.
    pub(super) is_machine: bool,
    pub(super) services: Vec<(String, ContainerRequest)>,
}

/// `env` of the workflow and then of the job; neither sees the other.
pub(super) fn job_environment(job: &RunningJob) -> Result<IndexMap<String, String>, SetUpError> {
    let mut environment = IndexMap::new();
    let scope = Scope::default();
    for env in [&job.state.message.workflow.env, &job.steps.env].into_iter().flatten() {
        environment.extend(job.evaluate(&scope, |e| env.evaluate_texts(e))?);
    }
    Ok(environment)
}

pub(super) fn requests(job: &RunningJob) -> Result<Requests, SetUpError> {
    let environment = job.state.record.progress.environment.clone();
    let scope = Scope { environment, ..Scope::default() };
    let volumes = &job.host.config.confinement.volumes;
    let container = match &job.steps.container {
        Some(token) => read_container(&job.evaluate(&scope, |e| token.evaluate(e))?, volumes)
            .map_err(|error| SetUpError::User(format!("container: {error}")))?,
        None => None,
    };
    let services = match &job.steps.services {
        Some(token) => {
            services::read_services(&job.evaluate(&scope, |e| token.evaluate(e))?, volumes)?
        }
        None => Vec::new(),
    };
    let is_machine = container.is_none();
    let container = match container {
        Some(container) => container,
        None => machine(job)?,
    };
    let mut requests = Requests { container, is_machine, services };
    let all = requests.services.iter_mut().map(|(_, request)| request);
    all.chain([&mut requests.container]).try_for_each(|request| confine(job, &mut request.spec))?;
    Ok(requests)
}

/// Keeps a container within what the runner's operator allows.
fn confine(job: &RunningJob, spec: &mut ContainerSpec) -> Result<(), SetUpError> {
    container::confine(spec, job.limits());
    for volume in &mut spec.volumes {
        if let VolumeSource::Directory(path) = &mut volume.source {
            *path = real_directory(path, &job.host.config.confinement.volumes)
                .map_err(SetUpError::User)?;
        }
    }
    Ok(())
}

/// The container that stands for GitHub's machine.
fn machine(job: &RunningJob) -> Result<ContainerRequest, InfraError> {
    let labels = &job.state.message.runs_on;
    let image = job
        .host
        .config
        .image_for(labels)
        .ok_or_else(|| InfraError::NoImageForLabels { labels: labels.join(", ") })?;
    let spec = ContainerSpec { image: image.to_owned(), ..ContainerSpec::default() };
    Ok(ContainerRequest { spec, ports: Vec::new() })
}
