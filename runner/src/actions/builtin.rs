//! Which actions the runner brings along, and when they are used.

use gantry_workflow::model::Uses;

use crate::config::BuiltinActions;
use crate::execution::RunningJob;

/// Whether `uses` is carried out by the runner itself instead of by the action of that name.
pub(crate) fn is_builtin(job: &RunningJob, uses: &Uses) -> bool {
    let Uses::Repository { owner, repository, path: None, git_ref } = uses else { return false };
    if !is_checkout(owner, repository) {
        return false;
    }
    match job.host.config.builtin_actions {
        BuiltinActions::Always => true,
        BuiltinActions::Never => false,
        // What could not be downloaded has no commit.
        BuiltinActions::Fallback => {
            let prepared = job.state.record.progress.actions.find(owner, repository, git_ref);
            prepared.is_some_and(|prepared| prepared.sha.is_none())
        }
    }
}

/// `actions/checkout`, in any version.
pub(super) fn is_checkout(owner: &str, repository: &str) -> bool {
    owner.eq_ignore_ascii_case("actions") && repository.eq_ignore_ascii_case("checkout")
}
