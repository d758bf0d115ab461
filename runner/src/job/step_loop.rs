//! The steps of a job, one after the other (`semantics` 5.3).
//!
//! Invariant: a step's end is saved before it is reported and before the next one begins, so a
//! restarted runner repeats at most the step that was running, whose processes go on meanwhile.

use chrono::{DateTime, Utc};
use gantry_protocol::Conclusion;
use gantry_workflow::model::Step;
use indexmap::IndexMap;

use super::times::StepTimes;
use crate::execution::RunningJob;
use crate::execution::StepEnding;
use crate::execution::StepResult;
use crate::infra_error::InfraError;
use crate::steps::{EndedStep, Surroundings, prepare, run};

/// Runs what is left of the steps.
pub(super) async fn run_steps(job: &mut RunningJob) -> Result<(), InfraError> {
    let steps = job.steps.steps.clone();
    while let Some(step) = steps.get(job.state.record.progress.next_step) {
        let index = job.state.record.progress.next_step;
        run_step(job, step, index).await?;
    }
    Ok(())
}

async fn run_step(job: &mut RunningJob, step: &Step, index: usize) -> Result<(), InfraError> {
    let number = job.numbers.step(index);
    job.note_cancellation();
    let around = Surroundings {
        process: number.to_string(),
        action: None,
        environment: IndexMap::new(),
        depth: 0,
        deadline: None,
    };
    let prepared = prepare(job, step, &around);
    let times = StepTimes::of(&job.directory, number)?;
    let started_at = times.started_at;
    let ended = if matches!(prepared.condition, Ok(false)) {
        let outcome = Conclusion::Skipped;
        EndedStep { outcome, conclusion: outcome, effects: crate::output::Effects::default() }
    } else {
        job.reporter.in_progress(number, &prepared.name, started_at);
        let mut log = job.step_log(number);
        let ended = run(job, step, (&prepared, &around), &mut log).await;
        job.state.record.progress.annotations.extend(log.finish().await);
        match ended {
            Ok(ended) => ended,
            Err(error) => {
                report_lost(job, number, &prepared.name, started_at);
                return Err(error);
            }
        }
    };
    let cancelled = job.note_cancellation();
    let (outcome, conclusion) = (ended.outcome, ended.conclusion);
    note_result(job, step, ended, cancelled);
    job.save()?;
    let ending = StepEnding { outcome, conclusion, started_at };
    job.reporter.completed(number, &prepared.name, ending);
    Ok(())
}

fn note_result(job: &mut RunningJob, step: &Step, ended: EndedStep, cancelled: bool) {
    let progress = &mut job.state.record.progress;
    progress.steps.insert(
        step.id.clone(),
        StepResult {
            outputs: ended.effects.outputs,
            outcome: ended.outcome,
            conclusion: ended.conclusion,
        },
    );
    if !cancelled {
        progress.status = progress.status.after(ended.conclusion);
    }
    progress.next_step += 1;
}

/// The runner failed and not the step; it still must not stand as running for ever.
fn report_lost(job: &mut RunningJob, number: u32, name: &str, started_at: DateTime<Utc>) {
    job.state.record.progress.next_step += 1;
    let conclusion = Conclusion::Failure;
    job.reporter.completed(
        number,
        name,
        StepEnding { outcome: conclusion, conclusion, started_at },
    );
}
