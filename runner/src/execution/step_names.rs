//! Numbers and names of a job's steps as the jobs API shows them (`semantics` 5.2). Pure.
//!
//! Invariant: numbers are fixed once the job's actions are known, and a restarted runner, which knows
//! the same actions, gives the same ones.

use gantry_workflow::model::{Step, StepKind, StepsJob, Uses};

/// GitHub's names of the steps that no workflow writes.
pub(crate) const SET_UP_JOB: &str = "Set up job";
pub(crate) const INITIALIZE_CONTAINERS: &str = "Initialize containers";
pub(crate) const STOP_CONTAINERS: &str = "Stop containers";
pub(crate) const COMPLETE_JOB: &str = "Complete job";

/// Where each step of a job stands. Numbers are kept for all post stages that there may be, so there may
/// be gaps, as on GitHub.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StepNumbers {
    has_containers: bool,
    n_steps: usize,
    /// Images that are pulled or built as steps of their own.
    pub(crate) n_images: usize,
    pub(crate) n_pres: usize,
    /// Post stages that there may be.
    pub(crate) n_posts: usize,
}

impl StepNumbers {
    /// Of a job whose actions are not known yet.
    pub(crate) fn new(job: &StepsJob) -> Self {
        Self {
            has_containers: job.container.is_some() || job.services.is_some(),
            n_steps: job.steps.len(),
            ..Self::default()
        }
    }

    pub(crate) fn set_up_job(self) -> u32 {
        1
    }

    /// The number of the `index`-th image.
    pub(crate) fn image(self, index: usize) -> u32 {
        number(2 + index)
    }

    pub(crate) fn initialize_containers(self) -> Option<u32> {
        self.has_containers.then(|| number(2 + self.n_images))
    }

    /// The number of the `index`-th pre stage.
    pub(crate) fn pre(self, index: usize) -> u32 {
        number(self.first_pre() + index)
    }

    /// The number of the workflow's step with this index.
    pub(crate) fn step(self, index: usize) -> u32 {
        number(self.first_step() + index)
    }

    /// The number of the post stage that was noted as the `index`-th; the last noted runs first.
    pub(crate) fn post(self, index: usize) -> u32 {
        number(self.first_post() + self.n_posts.saturating_sub(index + 1))
    }

    pub(crate) fn stop_containers(self) -> Option<u32> {
        self.has_containers.then(|| number(self.first_post() + self.n_posts))
    }

    pub(crate) fn complete_job(self) -> u32 {
        number(self.first_post() + self.n_posts + usize::from(self.has_containers))
    }

    fn first_pre(self) -> usize {
        2 + self.n_images + usize::from(self.has_containers)
    }

    fn first_step(self) -> usize {
        self.first_pre() + self.n_pres
    }

    fn first_post(self) -> usize {
        self.first_step() + self.n_steps
    }
}

fn number(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(has_containers: bool) -> StepNumbers {
        StepNumbers { has_containers, n_steps: 3, ..StepNumbers::default() }
    }

    #[test]
    fn without_actions_the_steps_follow_each_other() {
        let plain = numbers(false);
        assert_eq!((plain.step(0), plain.step(2), plain.complete_job()), (2, 4, 5));
        let with = numbers(true);
        assert_eq!(with.initialize_containers(), Some(2));
        assert_eq!((with.step(0), with.stop_containers(), with.complete_job()), (3, Some(6), 7));
    }

    #[test]
    fn stages_of_actions_have_numbers_in_the_order_in_which_they_run() {
        let numbers = StepNumbers { n_images: 1, n_pres: 2, n_posts: 2, ..numbers(true) };
        assert_eq!((numbers.image(0), numbers.initialize_containers()), (2, Some(3)));
        assert_eq!((numbers.pre(0), numbers.pre(1), numbers.step(0)), (4, 5, 6));
        assert_eq!((numbers.post(1), numbers.post(0)), (9, 10));
        assert_eq!((numbers.stop_containers(), numbers.complete_job()), (Some(11), 12));
    }
}
