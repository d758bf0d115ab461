//! Starts the steps of a job that run in its background, also those that an earlier runner has started.
//!
//! Does not wait for them: other steps do. Invariant: a step is noted in the job's state before it
//! begins, and a noted step is started again after a restart, where it finds its own process.

use std::sync::Arc;

use chrono::Utc;
use gantry_protocol::Conclusion;
use gantry_workflow::model::{Step, StepKind};
use indexmap::IndexMap;
use tokio::sync::{Semaphore, watch};

use crate::background;
use crate::execution::{
    BackgroundEnd, BackgroundStep, JobCopy, NotedStep, Record, RunningJob, Signals, StepEnding,
    StepResult, pass_on,
};
use crate::infra_error::InfraError;
use crate::steps::{PreparedStep, Stage, Surroundings, prepare, run};

/// As many run at once; further ones wait for a place, as on GitHub.
const MOST_AT_ONCE: usize = 10;

/// Starts background steps, each in its turn.
pub(super) struct Starter {
    places: Arc<Semaphore>,
}

impl Starter {
    /// Goes on with what an earlier runner has started and nobody has waited for.
    pub(super) fn resume(job: &mut RunningJob) -> Result<Self, InfraError> {
        let starter = Self { places: Arc::new(Semaphore::new(MOST_AT_ONCE)) };
        for noted in job.state.record.progress.background.clone() {
            let Some(step) = job.steps.steps.get(noted.index).cloned() else { continue };
            let (copy, record) = JobCopy::load(&job.directory, noted.number)?;
            for mask in &record.progress.masks {
                job.masks.add(mask).map_err(|reason| InfraError::Engine {
                    operation: "mask what a step in the background had masked".to_owned(),
                    reason,
                })?;
            }
            starter.spawn(job, step, (copy, record));
        }
        Ok(starter)
    }

    /// Starts a step, unless its condition is not met.
    pub(super) fn start(
        &self,
        job: &mut RunningJob,
        (step, index): (&Step, usize),
    ) -> Result<(), InfraError> {
        job.note_cancellation();
        let number = job.numbers.step(index);
        let prepared = prepare(job, step, &surroundings(index, number));
        let noted = NotedStep { id: step.id.clone(), index, number, name: prepared.name.clone() };
        if matches!(prepared.condition, Ok(false)) {
            skip(job, &noted);
        } else {
            let copy = JobCopy::new(noted.clone(), &job.state.record.progress);
            let record = job.state.record.clone();
            copy.save(&job.directory, &record)?;
            job.state.record.progress.background.push(noted);
            self.spawn(job, step.clone(), (copy, record));
        }
        job.state.record.progress.next_step += 1;
        job.save()
    }

    fn spawn(&self, job: &mut RunningJob, step: Step, (copy, record): (JobCopy, Record)) {
        let (sender, signals) = watch::channel(Signals::default());
        let id = step.id.clone();
        let of_step = job.copy(record, (copy, signals));
        let passing = pass_on(job.signals.clone(), sender.clone());
        let places = Arc::clone(&self.places);
        let task = background::spawn("background_step", async move {
            tokio::select! {
                ended = run_step(of_step, step, places) => ended,
                never = passing => match never {},
            }
        });
        job.background.add(&id, BackgroundStep { signals: sender, task });
    }
}

fn surroundings(index: usize, number: u32) -> Surroundings {
    Surroundings {
        process: number.to_string(),
        key: index.to_string(),
        stage: Stage::Main,
        action: None,
        environment: IndexMap::new(),
        depth: 0,
        deadline: None,
    }
}

fn skip(job: &mut RunningJob, noted: &NotedStep) {
    let conclusion = Conclusion::Skipped;
    let ending = StepEnding { outcome: conclusion, conclusion, started_at: Utc::now() };
    job.reporter.completed(noted.number, &noted.name, ending);
    let outputs = IndexMap::new();
    let result = StepResult { outputs, outcome: conclusion, conclusion };
    let progress = &mut job.state.record.progress;
    progress.steps.insert(noted.id.clone(), result.clone());
    let end = BackgroundEnd { name: noted.name.clone(), result, was_cancelled: false };
    progress.ended_background.insert(noted.id.clone(), end);
}

/// Runs a step on the copy of the job that belongs to it.
async fn run_step(
    mut job: RunningJob,
    step: Step,
    places: Arc<Semaphore>,
) -> Result<Box<RunningJob>, InfraError> {
    let Some(mut copy) = job.copy.clone() else { return Ok(Box::new(job)) };
    if copy.end.is_some() {
        return Ok(Box::new(job));
    }
    let NotedStep { index, number, name, .. } = copy.step.clone();
    let _place = places.acquire_owned().await;
    let started_at = *copy.started_at.get_or_insert_with(Utc::now);
    job.copy = Some(copy.clone());
    job.save()?;
    job.reporter.in_progress(number, &name, started_at);
    let around = surroundings(index, number);
    let prepared = PreparedStep { name: name.clone(), ..prepare(&job, &step, &around) };
    let mut log = job.resumed_step_log(number);
    let ended = run(&mut job, &step, (&prepared, &around), &mut log).await;
    job.state.record.progress.annotations.extend(log.finish().await);
    let (outcome, conclusion, outputs, ended) = match ended {
        Ok(ended) => (ended.outcome, ended.conclusion, ended.effects.outputs, Ok(())),
        Err(error) => (Conclusion::Failure, Conclusion::Failure, IndexMap::new(), Err(error)),
    };
    job.reporter.completed(number, &name, StepEnding { outcome, conclusion, started_at });
    ended?;
    let result = StepResult { outputs, outcome, conclusion };
    copy.end = Some(BackgroundEnd { name, result, was_cancelled: false });
    job.copy = Some(copy);
    job.save()?;
    Ok(Box::new(job))
}

/// Waits for the steps that nobody has waited for; the results of all count for the job.
pub(super) async fn wait_for_rest(job: &mut RunningJob) -> Result<(), InfraError> {
    let ids = job.background_ids();
    job.wait_for_background(&ids).await?;
    let is_cancelled = job.note_cancellation();
    let progress = &mut job.state.record.progress;
    if !is_cancelled {
        let ended = progress.ended_background.values();
        progress.status = ended.fold(progress.status, |status, end| status.after(end.counts_as()));
    }
    if ids.is_empty() { Ok(()) } else { job.save() }
}

/// `parallel` is its steps in the background and a `wait` for them; all have numbers of their own.
pub(super) fn spread(steps: Vec<Step>) -> Vec<Step> {
    let spread = |step: Step| match step.kind {
        StepKind::Parallel { steps } => {
            let ids = steps.iter().map(|step| step.id.clone()).collect();
            let wait = Step { kind: StepKind::Wait { steps: ids }, ..step };
            let beside = steps.into_iter().map(|step| Step { background: true, ..step });
            beside.chain([wait]).collect()
        }
        _ => vec![step],
    };
    steps.into_iter().flat_map(spread).collect()
}
