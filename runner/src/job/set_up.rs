//! From a leased job to a container in which its steps can run.
//!
//! Does not run steps. Invariant: until the containers are in the saved state the whole set-up may
//! be repeated, and it begins with removing what an earlier try left.

use std::fs;
use std::sync::Arc;

use chrono::Utc;
use gantry_protocol::Conclusion;
use gantry_workflow::expr::{EvalError, Value};

use super::announce;
use super::engine_socket;
use super::front_door;
use super::head;
use super::remove::remove_containers;
use super::requests::{Requests, job_environment, requests};
use super::start::{SHIM_PATIENCE, start_containers};
use super::take::take_warm;
use crate::actions;
use crate::execution::RunningJob;
use crate::execution::StepEnding;
use crate::execution::{INITIALIZE_CONTAINERS, SET_UP_JOB};
use crate::infra_error::InfraError;
use crate::output::StepLog;
use crate::shim::Shim;
use crate::warm::Warm;

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

/// Sets the job up, printing and reporting as it goes. A failure is reported already when this
/// returns it.
pub(super) async fn set_up(job: &mut RunningJob) -> Result<(), SetUpError> {
    let number = job.numbers.set_up_job();
    let Some(second) = job.numbers.initialize_containers() else {
        return in_step(job, number, SET_UP_JOB, async |job, log| {
            let (requests, warm) = prepare(job, log).await?;
            start_containers(job, log, &requests, warm).await
        })
        .await;
    };
    let (requests, warm) = in_step(job, number, SET_UP_JOB, prepare).await?;
    make_images(job).await?;
    in_step(job, second, INITIALIZE_CONTAINERS, async |job, log| {
        start_containers(job, log, &requests, warm).await
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
async fn prepare(
    job: &mut RunningJob,
    log: &mut StepLog,
) -> Result<(Requests, Option<Warm>), SetUpError> {
    print_head(job, log).await;
    if job.directory.has_contents() {
        let id = job.state.message.job_id;
        remove_containers(&job.host, id, &job.directory).await?;
    }
    log.line("Prepare workflow directory");
    job.state.record.progress.environment = job_environment(job)?;
    let requests = requests(job)?;
    let warm = take_warm(job, &requests).await?;
    if warm.is_none() {
        job.directory.create_contents(job.repository())?;
    }
    write_event(job)?;
    log.line("Prepare all required actions");
    let steps = job.steps.steps.clone();
    actions::prepare(job, &steps, None, log).await.map_err(SetUpError::User)?;
    announce::count_stages(job);
    announce::announce(job);
    head::called_file(&job.state.message).iter().for_each(|line| log.line(line));
    log.line(&format!("Complete job name: {}", job.state.message.name));
    Ok((requests, warm))
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
    front_door::open_for(job).await?;
    engine_socket::open_for(job).await
}
