//! The steps of a job as they are shown before they run.
//!
//! Decides nothing. Invariant: what is announced has the number under which it will run.

use gantry_workflow::model::{Step, StepKind};
use gantry_workflow::template::TokenKind;

use super::step_loop;
use crate::actions;
use crate::execution::{
    COMPLETE_JOB, INITIALIZE_CONTAINERS, RunningJob, STOP_CONTAINERS, default_name,
};

/// Fixes the numbers of all stages, once the job's actions are known.
pub(super) fn count_stages(job: &mut RunningJob) {
    let n_pres = step_loop::pre_stages(job).len();
    let n_posts = job.steps.steps.iter().filter(|step| actions::may_have_post(job, step)).count();
    job.numbers.n_images = actions::wanted_images(job).len();
    job.numbers.n_pres = n_pres;
    job.numbers.n_posts = n_posts;
}

/// Shows everything that is to come after "Set up job"; post stages are shown when they are noted.
pub(super) fn announce(job: &RunningJob) {
    let numbers = job.numbers;
    for (number, title) in images(job) {
        job.reporter.queued(number, &title);
    }
    if let Some(number) = numbers.initialize_containers() {
        job.reporter.queued(number, INITIALIZE_CONTAINERS);
    }
    for (number, name) in pre_stages(job) {
        job.reporter.queued(number, &name);
    }
    for (index, step) in job.steps.steps.iter().enumerate() {
        job.reporter.queued(numbers.step(index), &job.masks.mask(&queued_name(step)));
    }
    if let Some(number) = numbers.stop_containers() {
        job.reporter.queued(number, STOP_CONTAINERS);
    }
    job.reporter.queued(numbers.complete_job(), COMPLETE_JOB);
}

/// Numbers and names of the steps that make images.
pub(super) fn images(job: &RunningJob) -> impl Iterator<Item = (u32, String)> {
    let images = actions::wanted_images(job).into_iter().take(job.numbers.n_images).enumerate();
    images.map(|(index, image)| (job.numbers.image(index), image.title))
}

/// Numbers and names of the pre stages.
pub(super) fn pre_stages(job: &RunningJob) -> impl Iterator<Item = (u32, String)> {
    // Without a number there is no such stage, however an action has changed.
    let stages = step_loop::pre_stages(job).into_iter().take(job.numbers.n_pres).enumerate();
    stages.filter_map(|(position, (index, _))| {
        let name = queued_name(job.steps.steps.get(index)?);
        Some((job.numbers.pre(position), job.masks.mask(&format!("Pre {name}"))))
    })
}

/// The name of a step that has not been reached: expressions in it are not known yet.
pub(super) fn queued_name(step: &Step) -> String {
    let literal = |kind: &TokenKind| match kind {
        TokenKind::String(text) => Some(text.clone()),
        _ => None,
    };
    if let Some(name) = step.name.as_ref().and_then(|name| literal(&name.kind)) {
        return name;
    }
    let script = match &step.kind {
        StepKind::Run { script, .. } => literal(&script.kind).unwrap_or_default(),
        _ => String::new(),
    };
    default_name(step, &script)
}
