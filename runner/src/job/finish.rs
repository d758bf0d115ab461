//! The end of a job: outputs, environment URL, the last steps of its log, and the report.
//!
//! Does not remove containers; that comes after the report. Invariant: the conclusion is sent only
//! when the server has every line of the log.

use std::collections::BTreeMap;

use chrono::Utc;
use gantry_protocol::{CompleteJob, Conclusion};

use super::services;
use crate::execution::RunningJob;
use crate::execution::Scope;
use crate::execution::StepEnding;
use crate::execution::{COMPLETE_JOB, STOP_CONTAINERS};
use crate::output::StepLog;

/// What "Complete job" found out.
struct Results {
    outputs: BTreeMap<String, String>,
    environment_url: Option<String>,
}

/// Ends the job's log; answers what to tell the server, but for the number of chunks.
pub(super) async fn finish(job: &mut RunningJob) -> CompleteJob {
    report_lost_steps(job);
    report_steps_that_never_ran(job);
    if let Some(number) = job.numbers.stop_containers() {
        in_step(job, number, STOP_CONTAINERS, stop_containers).await;
    }
    let number = job.numbers.complete_job();
    let results = in_step(job, number, COMPLETE_JOB, complete_job).await;
    let progress = &job.state.record.progress;
    let conclusion = match &progress.infrastructure_error {
        Some(_) if progress.cancel.is_none() => Conclusion::Failure,
        _ => progress.status.conclusion(progress.cancel.as_ref()),
    };
    CompleteJob {
        lease: job.state.message.lease,
        conclusion,
        outputs: results.outputs,
        annotations: progress.annotations.clone(),
        environment_url: results.environment_url,
        infrastructure_error: progress.infrastructure_error.clone(),
        log_chunks: 0,
    }
}

/// After a failed set-up the steps of the workflow are skipped.
fn report_steps_that_never_ran(job: &RunningJob) {
    let progress = &job.state.record.progress;
    for (number, title) in super::announce::images(job).skip(progress.n_ended_images) {
        skipped(job, number, &title);
    }
    for (number, name) in super::announce::pre_stages(job).skip(progress.n_ended_pres) {
        skipped(job, number, &name);
    }
    for (index, step) in job.steps.steps.iter().enumerate().skip(progress.next_step) {
        let name = job.masks.mask(&super::announce::queued_name(step));
        skipped(job, job.numbers.step(index), &name);
    }
    for (number, post) in super::step_loop::posts_to_come(job) {
        skipped(job, number, &post.name);
    }
}

/// Those that ran in the background when the runner failed must not stand as running for ever.
fn report_lost_steps(job: &RunningJob) {
    for step in &job.state.record.progress.background {
        let conclusion = Conclusion::Failure;
        let ending = StepEnding { outcome: conclusion, conclusion, started_at: Utc::now() };
        job.reporter.completed(step.number, &step.name, ending);
    }
}

fn skipped(job: &RunningJob, number: u32, name: &str) {
    let conclusion = Conclusion::Skipped;
    let ending = StepEnding { outcome: conclusion, conclusion, started_at: Utc::now() };
    job.reporter.completed(number, name, ending);
}

async fn in_step<T>(
    job: &mut RunningJob,
    number: u32,
    name: &str,
    part: impl AsyncFnOnce(&mut RunningJob, &mut StepLog) -> T,
) -> T {
    let started_at = Utc::now();
    job.reporter.in_progress(number, name, started_at);
    let mut log = job.step_log(number);
    let result = part(job, &mut log).await;
    job.state.record.progress.annotations.extend(log.finish().await);
    let conclusion = Conclusion::Success;
    job.reporter.completed(
        number,
        name,
        StepEnding { outcome: conclusion, conclusion, started_at },
    );
    result
}

async fn stop_containers(job: &mut RunningJob, log: &mut StepLog) {
    let services = job.state.record.containers.as_ref().map(|c| c.services.clone());
    for service in services.unwrap_or_default() {
        services::print_log(job, &service, log).await;
    }
    log.line("Stop and remove containers");
}

async fn complete_job(job: &mut RunningJob, log: &mut StepLog) -> Results {
    if let Some(error) = job.state.record.progress.infrastructure_error.clone() {
        log.error(&error);
    }
    let outputs = outputs(job, log);
    let environment_url = environment_url(job, log);
    log.line("Cleaning up orphan processes");
    Results { outputs, environment_url }
}

fn outputs(job: &RunningJob, log: &mut StepLog) -> BTreeMap<String, String> {
    let mut outputs = BTreeMap::new();
    if job.steps.outputs.is_empty() {
        return outputs;
    }
    log.line("Evaluate and set job outputs");
    let scope = scope(job);
    for (name, token) in &job.steps.outputs {
        match job.evaluate(&scope, |e| token.evaluate_text(e)) {
            Err(error) => log.error(&error.message),
            Ok(value) if value.is_empty() => {}
            Ok(value) if job.masks.contains_secret(&value) => {
                log.warning(&format!("Skip output '{name}' since it may contain secret."));
            }
            Ok(value) => {
                log.line(&format!("Set output '{name}'"));
                outputs.insert(name.clone(), value);
            }
        }
    }
    outputs
}

fn environment_url(job: &RunningJob, log: &mut StepLog) -> Option<String> {
    let environment = job.steps.environment.as_ref()?;
    let url = job.evaluate(&scope(job), |e| {
        let environment = environment.resolve(e)?;
        environment.url.as_ref().map(|url| url.evaluate_text(e)).transpose()
    });
    if !matches!(url, Ok(None)) {
        log.line("Evaluate and set environment url");
    }
    match url.map(Option::unwrap_or_default) {
        Err(error) => {
            log.error(&error.message);
            None
        }
        Ok(url) if url.is_empty() => None,
        Ok(url) if job.masks.contains_secret(&url) => {
            log.warning("Skip setting environment url as environment url may contain secret.");
            None
        }
        Ok(url) => {
            log.line(&format!("Evaluated environment url: {url}"));
            Some(url)
        }
    }
}

fn scope(job: &RunningJob) -> Scope {
    Scope { environment: job.state.record.progress.environment.clone(), ..Scope::default() }
}
