//! Which actions the runner brings along, and when they are used.

use gantry_workflow::model::Uses;

use super::tool_versions::Tool;
use crate::config::BuiltinActions;
use crate::execution::RunningJob;

/// An action that is part of the runner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BuiltinAction {
    Checkout,
    SetUp(Tool),
}

impl BuiltinAction {
    /// The one that stands for an action, in any version.
    pub(super) fn of(owner: &str, repository: &str) -> Option<Self> {
        let is_checkout =
            owner.eq_ignore_ascii_case("actions") && repository.eq_ignore_ascii_case("checkout");
        let tool = Tool::of(owner, repository).map(Self::SetUp);
        if is_checkout { Some(Self::Checkout) } else { tool }
    }

    /// Whether it is used before the real one was tried.
    fn comes_first(self, when: BuiltinActions) -> bool {
        match when {
            BuiltinActions::Always => true,
            // The real ones know more versions than an image has.
            BuiltinActions::Standard => self == Self::Checkout,
            BuiltinActions::Fallback | BuiltinActions::Never => false,
        }
    }

    /// Whether it is used when the real one cannot be downloaded.
    pub(super) fn may_stand_in(when: BuiltinActions) -> bool {
        when != BuiltinActions::Never
    }
}

/// The part of the runner that carries out `uses` instead of the action of that name.
pub(crate) fn builtin(job: &RunningJob, uses: &Uses) -> Option<BuiltinAction> {
    let Uses::Repository { owner, repository, path: None, git_ref } = uses else { return None };
    let action = BuiltinAction::of(owner, repository)?;
    if action.comes_first(job.host.config.builtin_actions) {
        return Some(action);
    }
    // What could not be downloaded has no commit.
    let prepared = job.state.record.progress.actions.find(owner, repository, git_ref)?;
    prepared.sha.is_none().then_some(action)
}

pub(crate) fn is_builtin(job: &RunningJob, uses: &Uses) -> bool {
    builtin(job, uses).is_some()
}
