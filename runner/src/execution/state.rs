//! Everything a runner must remember of a job to go on with it after it was killed.
//!
//! Lives in two files that only the runner's user can read, because they hold the job's secrets;
//! they go with the job. Invariant: a file is replaced as a whole, and always describes a point from
//! which the job can go on.

use std::fs;
use std::path::Path;

use chrono::{DateTime, Utc};
use gantry_protocol::{Annotation, CancelRequest, ClaimId, Conclusion, JobMessage};
use gantry_workflow::command::MatcherConfig;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::action_record::ActionsRecord;
use super::background_steps::{BackgroundEnd, NotedStep};
use super::status::JobStatus;
use crate::container::StartedService;
use crate::infra_error::InfraError;
use crate::replace_file::replace_file;
use crate::workspace::JobDirectory;

/// A job between two moments: what was asked for, and how far it is.
pub(crate) struct JobState {
    pub(crate) message: JobMessage,
    pub(crate) record: Record,
}

/// The part that changes.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) leased_at: DateTime<Utc>,
    /// Under which the job was asked for.
    #[serde(default)]
    pub(crate) claim: Option<ClaimId>,
    /// Present once the containers run and the steps may start.
    pub(crate) containers: Option<Containers>,
    pub(crate) progress: Progress,
}

/// What was started for the job.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Containers {
    pub(crate) job: String,
    pub(crate) shim_token: String,
    /// `container.env`
    pub(crate) environment: Vec<(String, String)>,
    /// Processes run as this user of the image; empty for root.
    pub(crate) user: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) network: Option<String>,
    pub(crate) services: Vec<RunningService>,
    /// The port on the job's localhost that leads to the server, where it needs one.
    #[serde(default)]
    pub(crate) front_door: Option<u16>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RunningService {
    pub(crate) name: String,
    pub(crate) started: StartedService,
    /// From the container's port to the one on the job's localhost.
    pub(crate) ports: IndexMap<String, String>,
}

/// How far the steps are and what they have left.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// How many of the images of the job's actions are there.
    #[serde(default)]
    pub(crate) n_ended_images: usize,
    /// How many of the job's pre stages have ended.
    #[serde(default)]
    pub(crate) n_ended_pres: usize,
    /// Index of the first step that has not ended.
    pub(crate) next_step: usize,
    /// How many of the job's post stages have ended.
    #[serde(default)]
    pub(crate) n_ended_posts: usize,
    #[serde(default)]
    pub(crate) actions: ActionsRecord,
    /// The `env` of workflow and job, changed by `GITHUB_ENV`.
    pub(crate) environment: IndexMap<String, String>,
    /// `GITHUB_PATH`, in the order added.
    pub(crate) path: Vec<String>,
    pub(crate) steps: IndexMap<String, StepResult>,
    /// Steps in the background that nobody has waited for yet.
    #[serde(default)]
    pub(crate) background: Vec<NotedStep>,
    /// Those that somebody has waited for, by their ids.
    #[serde(default)]
    pub(crate) ended_background: IndexMap<String, BackgroundEnd>,
    pub(crate) status: JobStatus,
    /// Values of `add-mask`.
    pub(crate) masks: Vec<String>,
    /// Problem matchers, the newest first.
    #[serde(default)]
    pub(crate) matchers: Vec<MatcherConfig>,
    pub(crate) annotations: Vec<Annotation>,
    pub(crate) cancel: Option<CancelRequest>,
    pub(crate) infrastructure_error: Option<String>,
}

/// An entry of the `steps` context.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StepResult {
    pub(crate) outputs: IndexMap<String, String>,
    pub(crate) outcome: Conclusion,
    pub(crate) conclusion: Conclusion,
}

impl JobState {
    /// A job that was just leased; from here on it survives the runner.
    pub(crate) fn create(
        message: JobMessage,
        claim: ClaimId,
        directory: &JobDirectory,
    ) -> Result<Self, InfraError> {
        let progress = Progress::default();
        let record =
            Record { leased_at: Utc::now(), claim: Some(claim), containers: None, progress };
        directory.create_root()?;
        write(&directory.message_file(), &message)?;
        write(&directory.progress_file(), &record)?;
        Ok(Self { message, record })
    }

    /// The job of a runner that was killed.
    pub(crate) fn load(directory: &JobDirectory) -> Result<Self, InfraError> {
        let message = read(&directory.message_file())?;
        Ok(Self { message, record: read(&directory.progress_file())? })
    }

    pub(crate) fn save(&self, directory: &JobDirectory) -> Result<(), InfraError> {
        write(&directory.progress_file(), &self.record)
    }

    /// The values that must not appear anywhere.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        // GitHub leaves the two debug switches unmasked, or every "true" would be stars.
        let switches = ["ACTIONS_STEP_DEBUG", "ACTIONS_RUNNER_DEBUG"];
        self.message
            .secrets
            .iter()
            .filter(move |(name, _)| !switches.contains(&name.as_str()))
            .map(|(_, value)| value.as_str())
            .chain([self.message.github_token.as_str()])
            .chain([self.message.repository.clone_token.as_str()])
            .chain(self.message.runtime.iter().map(|runtime| runtime.token.as_str()))
            .chain(
                self.message
                    .runtime
                    .iter()
                    .filter_map(|it| Some(it.id_token.as_ref()?.token.as_str())),
            )
            .chain(self.record.progress.masks.iter().map(String::as_str))
            .filter(|value| !value.is_empty())
    }
}

impl std::fmt::Debug for JobState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JobState")
            .field("message", &self.message)
            .field("next_step", &self.record.progress.next_step)
            .finish_non_exhaustive()
    }
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, InfraError> {
    let bytes = fs::read(path).map_err(InfraError::disk("reading", path))?;
    serde_json::from_slice(&bytes).map_err(|error| InfraError::disk("reading", path)(error.into()))
}

fn write(path: &Path, value: &impl Serialize) -> Result<(), InfraError> {
    let bytes = serde_json::to_vec(value)
        .map_err(|error| InfraError::disk("writing", path)(error.into()))?;
    replace_file(path, &bytes)
}
