//! A job from its lease, or from what an earlier runner left, to its end.
//!
//! Invariant: whatever happens, when this returns the job is either completed at the server or its
//! lease is lost; what is left on this machine may then be removed.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::Utc;
use gantry_protocol::{CompleteJob, Conclusion, JobId};
use tokio::sync::watch;

use super::announce;
use super::background_steps::spread;
use super::finish::finish;
use super::set_up::{self, SetUpError};
use super::step_loop::run_steps;
use crate::client::{ClientError, persistently};
use crate::execution::JobStatus;
use crate::execution::{BackgroundSteps, JobState};
use crate::execution::{Host, RunningJob, steps_of};
use crate::execution::{Reporter, StepEnding};
use crate::execution::{SET_UP_JOB, StepNumbers};
use crate::execution::{Signals, cancelled, lost};
use crate::externals;
use crate::infra_error::InfraError;
use crate::output::{Destination, Masks, Shipper, start_shipper};

/// Runs a job to its end. `state` is of a fresh lease or of an earlier runner.
pub(crate) async fn run(host: Arc<Host>, state: JobState, signals: watch::Receiver<Signals>) {
    let job = state.message.job_id;
    let lost_signals = signals.clone();
    let result = tokio::select! {
        result = run_to_completion(host, state, signals) => result,
        reason = lost(&lost_signals) => Err(InfraError::LeaseLost { reason }),
    };
    if let Err(error) = result {
        tracing::error!(job.id = job.0, %error, "job given up");
    }
}

async fn run_to_completion(
    host: Arc<Host>,
    state: JobState,
    signals: watch::Receiver<Signals>,
) -> Result<(), InfraError> {
    let client = host.client.clone();
    let id = state.message.job_id;
    let (mut job, shipper) = start(host, state, signals)?;
    job.reporter.queued(job.numbers.set_up_job(), SET_UP_JOB);
    match run_phases(&mut job).await {
        Ok(()) => {}
        Err(SetUpError::User(_)) => job.state.record.progress.status = JobStatus::Failure,
        Err(SetUpError::Infra(
            error @ (InfraError::LeaseLost { .. } | InfraError::LogRefused { .. }),
        )) => {
            return Err(error);
        }
        Err(SetUpError::Infra(error)) => {
            tracing::error!(job.id = id.0, %error, "job failed on the runner's side");
            job.state.record.progress.infrastructure_error = Some(error.to_string());
        }
    }
    let mut end = finish(&mut job).await;
    let RunningJob { reporter, log, .. } = job;
    reporter.finish().await;
    log.flush().await;
    end.log_chunks = shipper.finish().await?;
    complete(&client, id, &end).await
}

async fn complete(
    client: &crate::client::ServerClient,
    job: JobId,
    end: &CompleteJob,
) -> Result<(), InfraError> {
    match persistently(|| client.complete(job, end)).await {
        Ok(()) => {
            tracing::info!(job.id = job.0, conclusion = %end.conclusion, "job completed");
            Ok(())
        }
        // Rather a failure without results than a job that nobody ends.
        Err(ClientError::Rejected { status, message }) if end.infrastructure_error.is_none() => {
            tracing::error!(job.id = job.0, status, message, "the job's results were refused");
            let error = format!("the server refused the job's results with {status}: {message}");
            Box::pin(complete(client, job, &without_results(end, error))).await
        }
        Err(error) => Err(InfraError::LeaseLost { reason: error.to_string() }),
    }
}

fn without_results(end: &CompleteJob, error: String) -> CompleteJob {
    CompleteJob {
        lease: end.lease,
        conclusion: match end.conclusion {
            Conclusion::Success => Conclusion::Failure,
            other => other,
        },
        outputs: BTreeMap::new(),
        annotations: Vec::new(),
        environment_url: None,
        infrastructure_error: Some(error),
        log_chunks: end.log_chunks,
    }
}

fn start(
    host: Arc<Host>,
    state: JobState,
    signals: watch::Receiver<Signals>,
) -> Result<(RunningJob, Shipper), InfraError> {
    let message = &state.message;
    let (id, lease) = (message.job_id, message.lease);
    let directory = host.directory(id);
    let client = host.client.clone();
    let destination = Destination { client: client.clone(), job: id, lease };
    let (log, shipper) = start_shipper(destination, &directory)?;
    let masks = Masks::new(state.secrets()).map_err(|reason| InfraError::Engine {
        operation: "mask the job's secrets".to_owned(),
        reason,
    })?;
    let mut steps = steps_of(&state)?;
    steps.steps = spread(steps.steps);
    let job = RunningJob {
        paths: host.backend.inside_paths(&directory, &externals::directory(&host.config)),
        numbers: StepNumbers::new(&steps),
        reporter: Reporter::start(client, (id, lease), &directory),
        host,
        directory,
        state,
        steps,
        masks,
        log,
        signals,
        shim: None,
        front_door: None,
        engine_socket: None,
        cancel_deadline: None,
        background: BackgroundSteps::default(),
        copy: None,
    };
    Ok((job, shipper))
}

async fn set_up_all(job: &mut RunningJob) -> Result<(), SetUpError> {
    set_up::set_up(job).await?;
    set_up::make_images(job).await
}

async fn run_phases(job: &mut RunningJob) -> Result<(), SetUpError> {
    if job.state.record.containers.is_some() {
        announce::count_stages(job);
        set_up::reconnect(job).await?;
        set_up::make_images(job).await?;
    } else {
        let signals = job.signals.clone();
        let cancelled = tokio::select! {
            result = set_up_all(job) => result.map(|()| false)?,
            _ = cancelled(&signals) => true,
        };
        if cancelled {
            job.note_cancellation();
            let (outcome, started_at) = (Conclusion::Cancelled, Utc::now());
            let ending = StepEnding { outcome, conclusion: outcome, started_at };
            job.reporter.completed(job.numbers.set_up_job(), SET_UP_JOB, ending);
            return Ok(());
        }
    }
    run_steps(job).await?;
    Ok(())
}
