//! A job while it runs: its state with everything that is needed to act on it.
//!
//! Decides nothing. Invariant: the state on disk is never ahead of the log on disk, so a runner that
//! goes on from it misses no line.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use gantry_protocol::JobId;
use gantry_workflow::expr::{Environment, EvalError, Object, StatusView, Value};
use gantry_workflow::model::{JobKind, StepsJob};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::action_record::LogPosition;
use super::background_steps::{BackgroundSteps, JobCopy};
use super::contexts::{self, JobView, Scope};
use super::reporter::Reporter;
use super::signals::Signals;
use super::state::{JobState, Record};
use super::status::JobStatus;
use super::step_names::StepNumbers;
use crate::background::{Task, blocking};
use crate::client::ServerClient;
use crate::config::{DockerSocket, RunnerConfig};
use crate::container::{Backend, EngineSocket, Limits, Owner, SocketMount};
use crate::hash_files::hash_files;
use crate::infra_error::InfraError;
use crate::output::{JobLog, Masks, SourceFiles, StepLog};
use crate::shim::Shim;
use crate::warm::WarmPool;
use crate::workspace::{InsidePaths, JobDirectory};

/// What all jobs of a runner share.
pub(crate) struct Host {
    pub(crate) config: RunnerConfig,
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) client: ServerClient,
    /// This installation, for the labels of its containers.
    pub(crate) installation: String,
    pub(crate) shim_program: std::path::PathBuf,
    /// Ended jobs whose remains are being removed.
    pub(crate) removals: TaskTracker,
    /// Containers that wait for jobs.
    pub(crate) warm: Arc<WarmPool>,
}

/// One job.
pub(crate) struct RunningJob {
    pub(crate) host: Arc<Host>,
    pub(crate) directory: JobDirectory,
    pub(crate) paths: InsidePaths,
    pub(crate) state: JobState,
    pub(crate) steps: StepsJob,
    pub(crate) numbers: StepNumbers,
    pub(crate) masks: Masks,
    pub(crate) log: JobLog,
    pub(crate) reporter: Reporter,
    pub(crate) signals: watch::Receiver<Signals>,
    pub(crate) shim: Option<Arc<Shim>>,
    /// Open while the job runs, where it has no other way to the server.
    pub(crate) front_door: Option<Task<()>>,
    /// Open while the job runs, where it has a way of its own to the engine.
    pub(crate) engine_socket: Option<EngineSocket>,
    /// When steps that survive a cancellation must have ended.
    pub(crate) cancel_deadline: Option<Instant>,
    pub(crate) background: BackgroundSteps,
    /// Set in the copy that a step in the background acts on.
    pub(crate) copy: Option<JobCopy>,
}

impl Host {
    pub(crate) fn jobs_directory(&self) -> std::path::PathBuf {
        self.config.work_directory.join("jobs")
    }

    /// Notes that an image that is kept for later jobs has been used.
    pub(crate) fn note_use(&self, image: &str) {
        let path = self.use_of(image);
        // Without the note it is removed before others when room is needed.
        let _ = path.parent().map(std::fs::create_dir_all);
        let _ = std::fs::write(path, "");
    }

    /// When an image was used last; the oldest time if that is not known.
    pub(crate) fn last_use(&self, image: &str) -> SystemTime {
        let about = std::fs::metadata(self.use_of(image)).and_then(|about| about.modified());
        about.unwrap_or(SystemTime::UNIX_EPOCH)
    }

    fn use_of(&self, image: &str) -> std::path::PathBuf {
        self.config.work_directory.join("image-uses").join(image.replace('/', "_"))
    }

    pub(crate) fn directory(&self, job: JobId) -> JobDirectory {
        JobDirectory::new(&self.jobs_directory(), job)
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("config", &self.config).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for RunningJob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunningJob").field("state", &self.state).finish_non_exhaustive()
    }
}

impl RunningJob {
    pub(crate) fn owner(&self) -> Owner {
        Owner {
            runner: self.host.installation.clone(),
            job: self.state.message.job_id,
            lease: self.state.message.lease,
        }
    }

    /// How the job uses the engine.
    pub(crate) fn docker_socket(&self) -> SocketMount {
        match self.host.config.docker_socket {
            _ if !self.state.message.policy.docker_socket => SocketMount::None,
            DockerSocket::Off => SocketMount::None,
            DockerSocket::Own => SocketMount::Own(self.directory.engine_socket()),
            DockerSocket::Engine => SocketMount::Engine,
        }
    }

    pub(crate) fn view(&self) -> JobView<'_> {
        JobView {
            message: &self.state.message,
            progress: &self.state.record.progress,
            containers: self.state.record.containers.as_ref(),
            paths: &self.paths,
            runner_name: &self.host.config.name,
        }
    }

    /// The status functions' answers in `scope`.
    pub(crate) fn status(&self, scope: &Scope) -> StatusView {
        let job = self.state.record.progress.status;
        match &scope.action {
            // Within an action its own status counts, except that a cancelled job is cancelled.
            Some(action) => action.status.max_cancelled(job).view(),
            None => job.view(),
        }
    }

    /// Evaluates something of the workflow in `scope`, with `status` for the status functions.
    pub(crate) fn evaluate_with<T>(
        &self,
        scope: &Scope,
        status: &StatusView,
        evaluate: impl FnOnce(&Environment<'_>) -> Result<T, EvalError>,
    ) -> Result<T, EvalError> {
        let contexts: Object = contexts::contexts(self.view(), scope);
        let workspace = self.directory.work().join(self.repository()).join(self.repository());
        let hash_files = |patterns: &[String]| blocking(|| hash_files(&workspace, patterns));
        evaluate(&Environment { contexts: &contexts, status, hash_files: Some(&hash_files) })
    }

    pub(crate) fn evaluate<T>(
        &self,
        scope: &Scope,
        evaluate: impl FnOnce(&Environment<'_>) -> Result<T, EvalError>,
    ) -> Result<T, EvalError> {
        self.evaluate_with(scope, &self.status(scope), evaluate)
    }

    /// An entry of the `github` context as the server gave it.
    pub(crate) fn github_text(&self, name: &str) -> String {
        match &self.state.message.contexts.github {
            Value::Object(github) => github.get(name).map(|v| v.to_text().into_owned()),
            _ => None,
        }
        .unwrap_or_default()
    }

    /// The repository's name without its owner.
    pub(crate) fn repository(&self) -> &str {
        contexts::repository_name(&self.state.message)
    }

    /// Time that steps with `if: always()` have after a cancellation.
    pub(crate) fn cancel_timeout(&self) -> Duration {
        Duration::from_mins(self.state.message.cancel_timeout_minutes.into())
    }

    pub(crate) fn workspace(&self) -> String {
        self.paths.workspace(self.repository())
    }

    /// Whom files for the job have to be given to, where that is not who the runner is.
    pub(crate) fn foreign_user(&self) -> Option<(u32, u32)> {
        let containers = self.state.record.containers.as_ref()?;
        let is_foreign = containers.uid != 0 && nix::unistd::geteuid().is_root();
        is_foreign.then_some((containers.uid, containers.gid))
    }

    /// What a container of the job gets at most.
    pub(crate) fn limits(&self) -> Limits {
        Limits::of(&self.host.config)
    }

    /// Where the files are that annotations speak of.
    pub(crate) fn sources(&self) -> SourceFiles {
        let name = self.repository();
        SourceFiles {
            directory: self.directory.work().join(name).join(name),
            inside: vec![self.workspace(), "/github/workspace".to_owned()],
            repository: self.state.message.repository.full_name.clone(),
        }
    }

    pub(crate) fn step_log(&self, number: u32) -> StepLog {
        StepLog::new(self.log.clone(), self.masks.clone(), number)
    }

    /// The log of a step that an earlier runner began, from where it will not be repeated.
    pub(crate) fn resumed_step_log(&self, number: u32) -> StepLog {
        match &self.state.record.progress.actions.log {
            Some(LogPosition { lines, annotations }) => {
                self.step_log(number).resumed(*lines, annotations.clone())
            }
            None => self.step_log(number),
        }
    }

    pub(crate) fn shim(&self) -> Result<Arc<Shim>, InfraError> {
        self.shim
            .clone()
            .ok_or_else(|| InfraError::Shim { reason: "it was never started".to_owned() })
    }

    /// From here a restarted runner goes on.
    pub(crate) fn save(&self) -> Result<(), InfraError> {
        self.log.checkpoint()?;
        match &self.copy {
            Some(copy) => copy.save(&self.directory, &self.state.record),
            None => self.state.save(&self.directory),
        }
    }

    /// The job for a step in the background, which is told things by `signals`.
    pub(crate) fn copy(
        &self,
        record: Record,
        (copy, signals): (JobCopy, watch::Receiver<Signals>),
    ) -> Self {
        Self {
            host: Arc::clone(&self.host),
            directory: self.directory.clone(),
            paths: self.paths.clone(),
            state: JobState { message: self.state.message.clone(), record },
            steps: self.steps.clone(),
            numbers: self.numbers,
            masks: self.masks.clone(),
            log: self.log.clone(),
            reporter: self.reporter.share(),
            signals,
            shim: self.shim.clone(),
            // The job holds it open for all of its steps.
            front_door: None,
            engine_socket: None,
            cancel_deadline: None,
            background: BackgroundSteps::default(),
            copy: Some(copy),
        }
    }

    /// Takes over a cancellation that has been asked for; true when the job is cancelled.
    pub(crate) fn note_cancellation(&mut self) -> bool {
        let timeout = self.cancel_timeout();
        let asked = self.signals.borrow().cancel.clone();
        let progress = &mut self.state.record.progress;
        if let (None, Some(cancel)) = (&progress.cancel, asked) {
            progress.cancel = Some(cancel);
            progress.status = JobStatus::Cancelled;
        }
        if progress.cancel.is_some() && self.cancel_deadline.is_none() {
            self.cancel_deadline = Some(Instant::now() + timeout);
        }
        self.state.record.progress.cancel.is_some()
    }
}

/// The steps of a leased job; the server leases nothing else.
pub(crate) fn steps_of(state: &JobState) -> Result<StepsJob, InfraError> {
    match &state.message.job.kind {
        JobKind::Steps(steps) => Ok((**steps).clone()),
        JobKind::Call(_) => Err(InfraError::LeaseLost {
            reason: "the server leased a call of a workflow, which is no job".to_owned(),
        }),
    }
}
