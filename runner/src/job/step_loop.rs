//! The steps of a job, one after the other (`semantics` 5.3).
//!
//! Invariant: a step's end is saved before it is reported and before the next one begins, so a
//! restarted runner repeats at most the step that was running, whose processes go on meanwhile.

use chrono::{DateTime, Utc};
use gantry_protocol::Conclusion;
use gantry_workflow::expr::Expression;
use gantry_workflow::model::Step;
use indexmap::IndexMap;

use super::background_steps::{self, Starter};
use super::times::StepTimes;
use crate::actions;
use crate::execution::RegisteredPost;
use crate::execution::RunningJob;
use crate::execution::StepEnding;
use crate::execution::StepResult;
use crate::infra_error::InfraError;
use crate::steps::{EndedStep, Stage, Surroundings, prepare, run};

/// One stage of one of the job's steps.
struct StageOfStep<'a> {
    step: &'a Step,
    index: usize,
    number: u32,
    stage: Stage,
}

/// Runs what is left of the steps: all pre stages, the steps, and the post stages that they noted, the
/// last one first.
pub(super) async fn run_steps(job: &mut RunningJob) -> Result<(), InfraError> {
    let steps = job.steps.steps.clone();
    let background = Starter::resume(job)?;
    let pres = pre_stages(job);
    while let Some((index, condition)) = pres.get(job.state.record.progress.n_ended_pres)
        && let Some(step) = steps.get(*index)
    {
        let number = job.numbers.pre(job.state.record.progress.n_ended_pres);
        let stage = Stage::Pre { condition: condition.clone() };
        run_stage(job, StageOfStep { step, index: *index, number, stage }).await?;
    }
    while let Some(step) = steps.get(job.state.record.progress.next_step) {
        let index = job.state.record.progress.next_step;
        if step.background {
            background.start(job, (step, index))?;
            continue;
        }
        let number = job.numbers.step(index);
        run_stage(job, StageOfStep { step, index, number, stage: Stage::Main }).await?;
    }
    let n_posts = posts_to_come(job).len();
    background_steps::wait_for_rest(job).await?;
    announce_posts(job, n_posts);
    for (number, post) in posts_to_come(job) {
        let Some(step) = steps.get(post.index) else { continue };
        let index = post.index;
        run_stage(job, StageOfStep { step, index, number, stage: Stage::from(post) }).await?;
    }
    Ok(())
}

/// The steps with a pre stage, and its condition.
pub(super) fn pre_stages(job: &RunningJob) -> Vec<(usize, Expression)> {
    let stage = |(index, step)| Some((index, actions::pre_condition(job, step, None)?));
    job.steps.steps.iter().enumerate().filter_map(stage).collect()
}

/// The post stages that have been noted and have not ended, in the order in which they run, with their
/// numbers.
pub(super) fn posts_to_come(job: &RunningJob) -> Vec<(u32, RegisteredPost)> {
    let progress = &job.state.record.progress;
    let posts = progress.actions.posts_of("");
    let n_posts = posts.len();
    let numbered = posts.into_iter().enumerate().map(|(position, post)| {
        let noted_as = n_posts - 1 - position;
        (job.numbers.post(noted_as), post)
    });
    numbered.skip(progress.n_ended_posts).collect()
}

async fn run_stage(job: &mut RunningJob, of: StageOfStep<'_>) -> Result<(), InfraError> {
    let (step, number) = (of.step, of.number);
    job.note_cancellation();
    let around = Surroundings {
        process: number.to_string(),
        key: of.index.to_string(),
        stage: of.stage.clone(),
        action: None,
        environment: IndexMap::new(),
        depth: 0,
        deadline: None,
    };
    let prepared = prepare(job, step, &around);
    let n_posts = posts_to_come(job).len();
    let times = StepTimes::of(&job.directory, number)?;
    let started_at = times.started_at;
    let ended = if matches!(prepared.condition, Ok(false)) {
        let outcome = Conclusion::Skipped;
        EndedStep { outcome, conclusion: outcome, effects: crate::output::Effects::default() }
    } else {
        job.reporter.in_progress(number, &prepared.name, started_at);
        let mut log = job.resumed_step_log(number);
        let ended = run(job, step, (&prepared, &around), &mut log).await;
        job.state.record.progress.annotations.extend(log.finish().await);
        match ended {
            Ok(ended) => ended,
            Err(error) => {
                note_end(job, &of.stage);
                report_lost(job, number, &prepared.name, started_at);
                return Err(error);
            }
        }
    };
    let cancelled = job.note_cancellation();
    let (outcome, conclusion) = (ended.outcome, ended.conclusion);
    note_result(job, &of, ended, cancelled);
    announce_posts(job, n_posts);
    job.save()?;
    let ending = StepEnding { outcome, conclusion, started_at };
    job.reporter.completed(number, &prepared.name, ending);
    Ok(())
}

fn note_result(job: &mut RunningJob, of: &StageOfStep<'_>, ended: EndedStep, cancelled: bool) {
    let progress = &mut job.state.record.progress;
    if !cancelled {
        progress.status = progress.status.after(ended.conclusion);
    }
    if of.stage.is_main() {
        let (outcome, conclusion) = (ended.outcome, ended.conclusion);
        let result = StepResult { outputs: ended.effects.outputs, outcome, conclusion };
        progress.steps.insert(of.step.id.clone(), result);
    }
    note_end(job, &of.stage);
}

fn note_end(job: &mut RunningJob, stage: &Stage) {
    let progress = &mut job.state.record.progress;
    progress.actions.log = None;
    progress.actions.levels.clear();
    match stage {
        Stage::Pre { .. } => progress.n_ended_pres += 1,
        Stage::Main => progress.next_step += 1,
        Stage::Post { .. } => progress.n_ended_posts += 1,
    }
}

/// Shows the post stages that a step has added to `n_before`.
fn announce_posts(job: &RunningJob, n_before: usize) {
    let posts = posts_to_come(job);
    let n_new = posts.len().saturating_sub(n_before);
    for (number, post) in posts.into_iter().take(n_new) {
        job.reporter.queued(number, &post.name);
    }
}

/// The runner failed and not the step; it still must not stand as running for ever.
fn report_lost(job: &RunningJob, number: u32, name: &str, started_at: DateTime<Utc>) {
    let conclusion = Conclusion::Failure;
    job.reporter.completed(
        number,
        name,
        StepEnding { outcome: conclusion, conclusion, started_at },
    );
}
