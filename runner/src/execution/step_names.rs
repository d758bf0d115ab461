//! Numbers and names of a job's steps as the jobs API shows them (`semantics` 5.2). Pure.
//!
//! Invariant: numbers are fixed when the job is leased, so a restarted runner gives the same ones.

use gantry_workflow::model::{Step, StepKind, StepsJob, Uses};

/// GitHub's names of the steps that no workflow writes.
pub(crate) const SET_UP_JOB: &str = "Set up job";
pub(crate) const INITIALIZE_CONTAINERS: &str = "Initialize containers";
pub(crate) const STOP_CONTAINERS: &str = "Stop containers";
pub(crate) const COMPLETE_JOB: &str = "Complete job";

/// Where each step of a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StepNumbers {
    has_containers: bool,
    n_steps: u32,
}

impl StepNumbers {
    pub(crate) fn new(job: &StepsJob) -> Self {
        Self {
            has_containers: job.container.is_some() || job.services.is_some(),
            n_steps: u32::try_from(job.steps.len()).unwrap_or(u32::MAX),
        }
    }

    pub(crate) fn set_up_job(self) -> u32 {
        1
    }

    pub(crate) fn initialize_containers(self) -> Option<u32> {
        self.has_containers.then_some(2)
    }

    /// The number of the workflow's step with this index.
    pub(crate) fn step(self, index: usize) -> u32 {
        2 + u32::from(self.has_containers) + u32::try_from(index).unwrap_or(u32::MAX - 10)
    }

    pub(crate) fn stop_containers(self) -> Option<u32> {
        self.has_containers.then(|| 3 + self.n_steps)
    }

    pub(crate) fn complete_job(self) -> u32 {
        2 + self.n_steps + 2 * u32::from(self.has_containers)
    }
}

/// The name of a step that has none, or whose name cannot be evaluated. `script` is the text of
/// a `run` step, evaluated where that is possible.
pub(crate) fn default_name(step: &Step, script: &str) -> String {
    match &step.kind {
        StepKind::Run { .. } => {
            let first = script.trim_start().lines().next().unwrap_or_default();
            format!("Run {}", first.trim_end())
        }
        StepKind::Uses { uses, .. } => format!("Run {}", uses_text(uses)),
        StepKind::Wait { .. } => "Wait".to_owned(),
        StepKind::WaitAll => "Wait for all".to_owned(),
        StepKind::Cancel { .. } => "Cancel".to_owned(),
        StepKind::Parallel { .. } => "Parallel group".to_owned(),
    }
}

/// `uses` as it is written.
pub(crate) fn uses_text(uses: &Uses) -> String {
    match uses {
        Uses::Repository { owner, repository, path, git_ref } => {
            let path = path.as_ref().map(|path| format!("/{path}")).unwrap_or_default();
            format!("{owner}/{repository}{path}@{git_ref}")
        }
        Uses::Local { path } => path.clone(),
        Uses::Docker { image } => format!("docker://{image}"),
        Uses::SelfRepository { path } => format!("$/{path}"),
    }
}
