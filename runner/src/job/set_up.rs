//! From a leased job to a container in which its steps can run.
//!
//! Does not run steps. Invariant: until the containers are in the saved state the whole set-up may
//! be repeated, and it begins with removing what an earlier try left.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use futures_util::future::try_join_all;
use gantry_protocol::Conclusion;
use gantry_workflow::expr::{EvalError, Value};
use indexmap::IndexMap;

use super::announce;
use super::container_request::{ContainerRequest, read_container};
use super::head;
use super::services;
use crate::actions;
use crate::container::{
    self, ContainerSpec, Image, JobContainer, Mounts, VolumeSource, real_directory,
};
use crate::execution::RunningJob;
use crate::execution::Scope;
use crate::execution::StepEnding;
use crate::execution::{Containers, RunningService};
use crate::execution::{INITIALIZE_CONTAINERS, SET_UP_JOB};
use crate::externals;
use crate::infra_error::InfraError;
use crate::output::StepLog;
use crate::shim::{self, Shim};
use crate::steps::unsupported;

/// A started container's shim answers within milliseconds; a machine under heavy load gets this.
const SHIM_PATIENCE: Duration = Duration::from_secs(30);

/// Why a job has no containers.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetUpError {
    /// The workflow asks for something that cannot be; in words for its author.
    #[error("{0}")]
    User(String),
    #[error(transparent)]
    Infra(#[from] InfraError),
}

impl From<EvalError> for SetUpError {
    fn from(error: EvalError) -> Self {
        Self::User(error.message)
    }
}

/// The containers a job asks for, evaluated.
struct Requests {
    container: ContainerRequest,
    /// The job names no `container`: it sees itself as the machine.
    is_machine: bool,
    services: Vec<(String, ContainerRequest)>,
}

/// Sets the job up, printing and reporting as it goes. A failure is reported already when this
/// returns it.
pub(super) async fn set_up(job: &mut RunningJob) -> Result<(), SetUpError> {
    let number = job.numbers.set_up_job();
    let Some(second) = job.numbers.initialize_containers() else {
        return in_step(job, number, SET_UP_JOB, async |job, log| {
            let requests = prepare(job, log).await?;
            start_containers(job, log, &requests).await
        })
        .await;
    };
    let requests = in_step(job, number, SET_UP_JOB, prepare).await?;
    make_images(job).await?;
    in_step(job, second, INITIALIZE_CONTAINERS, async |job, log| {
        start_containers(job, log, &requests).await
    })
    .await
}

/// Pulls and builds what is left of the images of the job's actions, a step for each.
pub(super) async fn make_images(job: &mut RunningJob) -> Result<(), SetUpError> {
    let images = actions::wanted_images(job);
    for (index, image) in images.iter().enumerate().skip(job.state.record.progress.n_ended_images) {
        let number = job.numbers.image(index);
        let result = in_step(job, number, &image.title, async |job, log| {
            let provided = actions::provide_image(job, &image.source, log).await?;
            provided.map_err(SetUpError::User)
        })
        .await;
        job.state.record.progress.n_ended_images += 1;
        result?;
    }
    Ok(())
}

/// Runs a part of the set-up as a step of its own.
async fn in_step<T>(
    job: &mut RunningJob,
    number: u32,
    name: &str,
    part: impl AsyncFnOnce(&mut RunningJob, &mut StepLog) -> Result<T, SetUpError>,
) -> Result<T, SetUpError> {
    let started_at = Utc::now();
    job.reporter.in_progress(number, name, started_at);
    let mut log = job.step_log(number);
    let result = part(job, &mut log).await;
    if let Err(error) = &result {
        error.to_string().lines().for_each(|line| log.error(line));
    }
    job.state.record.progress.annotations.extend(log.finish().await);
    let conclusion = if result.is_ok() { Conclusion::Success } else { Conclusion::Failure };
    job.reporter.completed(
        number,
        name,
        StepEnding { outcome: conclusion, conclusion, started_at },
    );
    result
}

/// "Set up job": directories, environment, actions, and what containers to start.
async fn prepare(job: &mut RunningJob, log: &mut StepLog) -> Result<Requests, SetUpError> {
    print_head(job, log).await;
    if let Some(message) = job.steps.steps.iter().find_map(unsupported) {
        return Err(SetUpError::User(message));
    }
    if job.directory.has_contents() {
        let id = job.state.message.job_id;
        job.host.backend.remove_job(&job.host.installation, id).await?;
    }
    job.directory.create_contents(job.repository())?;
    write_event(job)?;
    log.line("Prepare workflow directory");
    job.state.record.progress.environment = job_environment(job)?;
    let requests = requests(job)?;
    log.line("Prepare all required actions");
    let steps = job.steps.steps.clone();
    actions::prepare(job, &steps, None, log).await.map_err(SetUpError::User)?;
    announce::count_stages(job);
    announce::announce(job);
    head::called_file(&job.state.message).iter().for_each(|line| log.line(line));
    log.line(&format!("Complete job name: {}", job.state.message.name));
    Ok(requests)
}

async fn print_head(job: &RunningJob, log: &mut StepLog) {
    log.line(&format!("Current runner version: '{}'", env!("CARGO_PKG_VERSION")));
    log.line(&format!("Runner name: '{}'", job.host.config.name));
    log.line(&format!("Machine name: '{}'", crate::config::host_name()));
    head::token_permissions(&job.state.message).iter().for_each(|line| log.line(line));
    log.line("Secret source: Actions");
    log.send().await;
}

/// `event.json` is written before any process of the job runs, so nothing can be in its way.
fn write_event(job: &RunningJob) -> Result<(), InfraError> {
    let event = match &job.state.message.contexts.github {
        Value::Object(github) => github.get("event").cloned().unwrap_or_default(),
        _ => Value::Null,
    };
    let path = job.directory.workflow().join("event.json");
    let text = serde_json::to_string_pretty(&event.to_json()).unwrap_or_default();
    fs::write(&path, text).map_err(InfraError::disk("writing", &path))
}

/// `env` of the workflow and then of the job; neither sees the other.
fn job_environment(job: &RunningJob) -> Result<IndexMap<String, String>, SetUpError> {
    let mut environment = IndexMap::new();
    let scope = Scope::default();
    for env in [&job.state.message.workflow.env, &job.steps.env].into_iter().flatten() {
        environment.extend(job.evaluate(&scope, |e| env.evaluate_texts(e))?);
    }
    Ok(environment)
}

fn requests(job: &RunningJob) -> Result<Requests, SetUpError> {
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

/// The image of a container, pulled if need be.
pub(super) async fn image(job: &RunningJob, spec: &ContainerSpec) -> Result<Image, InfraError> {
    match &spec.credentials {
        Some(credentials) => {
            // What the engine says about a login may repeat it.
            let _ = job.masks.add(&credentials.password);
            job.host.backend.private_image(&spec.image, credentials).await
        }
        None => job.host.backend.image(&spec.image).await,
    }
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

async fn start_containers(
    job: &mut RunningJob,
    log: &mut StepLog,
    requests: &Requests,
) -> Result<(), SetUpError> {
    let image = image(job, &requests.container.spec).await?;
    // A network of its own costs a job 60 ms, so those that need no names share one.
    let network = if requests.services.is_empty() {
        job.host.backend.shared_network().await?
    } else {
        job.host.backend.create_network(&job.owner()).await?
    };
    let token = shim::new_token();
    shim::write_token(&job.directory.shim(), &token)?;
    let mut spec = requests.container.spec.clone();
    let environment = std::mem::take(&mut spec.environment);
    spec.network = Some(network.clone()).filter(|network| !network.is_empty());
    spec.image = image.name;
    let user = spec.user.clone().unwrap_or(image.user);
    let (id, mut services) = start_all(job, &spec, requests).await?;
    let shim = Shim::connect(&job.directory.shim(), &token, SHIM_PATIENCE)
        .await
        .map_err(|error| InfraError::Shim { reason: error.to_string() })?;
    let shim = Arc::new(shim);
    let (uid, gid) = shim
        .prepare(&user, own_directories(job))
        .await
        .map_err(|error| SetUpError::User(error.to_string()))?;
    for (service, (_, request)) in services.iter_mut().zip(&requests.services) {
        services::wait_until_ready(job, service, log).await?;
        if requests.is_machine {
            services::forward_ports(&shim, service, request).await?;
        } else {
            services::own_ports(service, request);
        }
    }
    job.shim = Some(shim);
    job.state.record.containers = Some(Containers {
        job: id,
        shim_token: token,
        environment,
        user,
        uid,
        gid,
        network: Some(network),
        services,
    });
    job.save()?;
    Ok(())
}

/// Starts the job's container and all services at the same time.
async fn start_all(
    job: &RunningJob,
    spec: &ContainerSpec,
    requests: &Requests,
) -> Result<(String, Vec<RunningService>), InfraError> {
    let container = JobContainer {
        owner: job.owner(),
        spec: spec.clone(),
        mounts: mounts(job),
        docker_socket: job.state.message.policy.docker_socket && job.host.config.docker_socket,
    };
    let network = spec.network.clone().unwrap_or_default();
    let services = try_join_all(
        requests
            .services
            .iter()
            .map(|(name, request)| services::start(job, name, request, &network)),
    );
    futures_util::future::try_join(job.host.backend.start_job(&container), services).await
}

fn mounts(job: &RunningJob) -> Mounts {
    Mounts {
        shim_program: job.host.shim_program.clone(),
        shim: job.directory.shim(),
        work: job.directory.work(),
        tools: job.directory.tools(),
        externals: externals::directory(&job.host.config),
        home: job.directory.home(),
        workflow: job.directory.workflow(),
    }
}

/// The directories that must belong to the image's user.
fn own_directories(job: &RunningJob) -> Vec<String> {
    let paths = &job.paths;
    vec![
        paths.work.clone(),
        paths.temp(),
        paths.actions(),
        paths.file_commands(),
        paths.runner_workspace(job.repository()),
        job.workspace(),
        paths.tools.clone(),
        paths.home.clone(),
        paths.workflow.clone(),
    ]
}

/// Finds the shim of a job that an earlier runner started.
pub(super) async fn reconnect(job: &mut RunningJob) -> Result<(), InfraError> {
    let Some(containers) = &job.state.record.containers else { return Ok(()) };
    if let Some(end) = job.host.backend.ended(&containers.job).await? {
        return Err(InfraError::ContainerEnded { reason: end.to_string() });
    }
    // The runner before may have been in the middle of starting an action's container.
    job.host.backend.resume(&containers.job).await?;
    let shim = Shim::connect(&job.directory.shim(), &containers.shim_token, SHIM_PATIENCE)
        .await
        .map_err(|error| InfraError::Shim { reason: error.to_string() })?;
    job.shim = Some(Arc::new(shim));
    Ok(())
}
