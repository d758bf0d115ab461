//! Steps that run in the background of a job, from their start until a `wait` or the end of the steps
//! (`semantics` 5.16).
//!
//! Each one acts on a copy of the job, so that what it changes is seen by nobody before somebody waits
//! for it. Does not run steps ([`crate::steps`]). Invariant: the copy is on disk from before the step
//! begins until its changes are in the job's own state, so a restarted runner goes on with it.

use std::convert::Infallible;
use std::fs;

use chrono::{DateTime, Utc};
use gantry_protocol::{CancelRequest, Conclusion};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::running::RunningJob;
use super::signals::{Signals, cancelled};
use super::state::{Progress, Record, StepResult};
use crate::background::Task;
use crate::infra_error::InfraError;
use crate::replace_file::replace_file;
use crate::workspace::JobDirectory;

/// The steps that run in the background now, by their ids.
#[derive(Debug, Default)]
pub(crate) struct BackgroundSteps(IndexMap<String, BackgroundStep>);

/// One of them.
#[derive(Debug)]
pub(crate) struct BackgroundStep {
    /// Of this step alone: the job's own are passed on.
    pub(crate) signals: watch::Sender<Signals>,
    /// Answers the job's copy as the step left it.
    pub(crate) task: Task<Result<Box<RunningJob>, InfraError>>,
}

/// What distinguishes the copy of a job that a background step acts on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct JobCopy {
    pub(crate) step: NotedStep,
    pub(crate) started_at: Option<DateTime<Utc>>,
    pub(crate) end: Option<BackgroundEnd>,
    base: Base,
}

/// A step that was started and that nobody has waited for yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NotedStep {
    pub(crate) id: String,
    pub(crate) index: usize,
    pub(crate) number: u32,
    pub(crate) name: String,
}

/// How such a step ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct BackgroundEnd {
    pub(crate) name: String,
    pub(crate) result: StepResult,
    /// By a `cancel` step, so that a cancelled result is what was wanted.
    pub(crate) was_cancelled: bool,
}

/// How far the job was when the copy was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Base {
    environment: IndexMap<String, String>,
    n_paths: usize,
    n_annotations: usize,
    n_masks: usize,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    copy: JobCopy,
    record: Record,
}

impl BackgroundSteps {
    pub(crate) fn add(&mut self, id: &str, step: BackgroundStep) {
        self.0.insert(id.to_owned(), step);
    }
}

impl BackgroundEnd {
    /// The result as the job sees it.
    pub(crate) fn counts_as(&self) -> Conclusion {
        match self.result.conclusion {
            Conclusion::Cancelled if self.was_cancelled => Conclusion::Success,
            conclusion => conclusion,
        }
    }
}

impl JobCopy {
    pub(crate) fn new(step: NotedStep, progress: &Progress) -> Self {
        let base = Base {
            environment: progress.environment.clone(),
            n_paths: progress.path.len(),
            n_annotations: progress.annotations.len(),
            n_masks: progress.masks.len(),
        };
        Self { step, started_at: None, end: None, base }
    }

    /// The copy that an earlier runner has left, with the state that belongs to it.
    pub(crate) fn load(
        directory: &JobDirectory,
        number: u32,
    ) -> Result<(Self, Record), InfraError> {
        let path = directory.background_file(number);
        let bytes = fs::read(&path).map_err(InfraError::disk("reading", &path))?;
        let saved: Saved = serde_json::from_slice(&bytes)
            .map_err(|error| InfraError::disk("reading", &path)(error.into()))?;
        Ok((saved.copy, saved.record))
    }

    pub(crate) fn save(&self, directory: &JobDirectory, record: &Record) -> Result<(), InfraError> {
        let path = directory.background_file(self.step.number);
        let saved = Saved { copy: self.clone(), record: record.clone() };
        let bytes = serde_json::to_vec(&saved)
            .map_err(|error| InfraError::disk("writing", &path)(error.into()))?;
        replace_file(&path, &bytes)
    }
}

impl Base {
    /// Puts what has changed since into the job's own state.
    fn merge(&self, key: &str, changed: Progress, job: &mut Progress) {
        let is_new = |(name, value): &(String, String)| self.environment.get(name) != Some(value);
        job.environment.extend(changed.environment.into_iter().filter(is_new));
        job.path.extend(changed.path.into_iter().skip(self.n_paths));
        job.annotations.extend(changed.annotations.into_iter().skip(self.n_annotations));
        job.masks.extend(changed.masks.into_iter().skip(self.n_masks));
        job.actions.merge(key, changed.actions);
    }
}

impl RunningJob {
    /// The names of the steps with these ids, where they have been started.
    pub(crate) fn background_names(&self, ids: &[String]) -> Vec<String> {
        let progress = &self.state.record.progress;
        let name = |id: &String| {
            let running = progress.background.iter().find(|step| step.id == *id);
            let ended = progress.ended_background.get(id);
            running.map(|step| &step.name).or(ended.map(|end| &end.name)).unwrap_or(id).clone()
        };
        ids.iter().map(name).collect()
    }

    /// The ids of the steps that nobody has waited for yet.
    pub(crate) fn background_ids(&self) -> Vec<String> {
        self.state.record.progress.background.iter().map(|step| step.id.clone()).collect()
    }

    /// Waits for the steps with these ids and takes over what they have changed.
    pub(crate) async fn wait_for_background(&mut self, ids: &[String]) -> Result<(), InfraError> {
        for id in ids {
            let Some(step) = self.background.0.shift_remove(id) else { continue };
            let ended = step.task.join().await.unwrap_or_else(|| {
                let reason = "a step in the background was dropped".to_owned();
                Err(InfraError::Shim { reason })
            });
            self.take_over(*ended?);
        }
        Ok(())
    }

    /// Tells the steps with these ids to end.
    pub(crate) fn cancel_background(&mut self, ids: &[String]) {
        for id in ids {
            let Some(step) = self.background.0.get(id) else { continue };
            step.signals.send_modify(|signals| {
                let reason = "the step was cancelled".to_owned();
                signals.cancel.get_or_insert(CancelRequest { reason, timed_out: false });
                signals.at_once = true;
            });
        }
    }

    fn take_over(&mut self, ended: RunningJob) {
        let Some(JobCopy { step, end: Some(end), base, .. }) = ended.copy else { return };
        let progress = &mut self.state.record.progress;
        base.merge(&step.index.to_string(), ended.state.record.progress, progress);
        progress.background.retain(|noted| noted.id != step.id);
        progress.steps.insert(step.id.clone(), end.result.clone());
        progress.ended_background.insert(step.id, end);
    }
}

/// Passes on what the job is told, for as long as somebody wants it to.
pub(crate) async fn pass_on(
    job: watch::Receiver<Signals>,
    step: watch::Sender<Signals>,
) -> Infallible {
    let cancel = cancelled(&job).await;
    step.send_modify(|signals| {
        signals.cancel.get_or_insert(cancel);
    });
    std::future::pending().await
}
