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
    UploadArtifact { is_legacy: bool },
    MergeArtifacts,
    DownloadArtifact,
    Cache(CacheParts),
}

/// What of a cache an action does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CacheParts {
    /// Restores it, and saves it after the job's steps.
    Both,
    Restore,
    Save,
}

/// The first version of `upload-artifact` whose artifacts are one file, and cannot be added to.
const FIRST_NEW_UPLOAD: u32 = 4;

impl BuiltinAction {
    /// The one that stands for an action; only `upload-artifact` differs by version.
    fn of(owner: &str, (repository, path): (&str, &str), git_ref: &str) -> Option<Self> {
        if !owner.eq_ignore_ascii_case("actions") {
            return None;
        }
        let repository = repository.to_ascii_lowercase();
        let action = match (repository.as_str(), path) {
            ("checkout", "") => Self::Checkout,
            ("upload-artifact", "") => {
                let major = major_version(git_ref);
                let is_legacy = major.is_some_and(|major| major < FIRST_NEW_UPLOAD);
                Self::UploadArtifact { is_legacy }
            }
            ("upload-artifact", "merge") => Self::MergeArtifacts,
            ("download-artifact", "") => Self::DownloadArtifact,
            ("cache", "") => Self::Cache(CacheParts::Both),
            ("cache", "restore") => Self::Cache(CacheParts::Restore),
            ("cache", "save") => Self::Cache(CacheParts::Save),
            (_, "") => return Tool::of(owner, &repository).map(Self::SetUp),
            _ => return None,
        };
        Some(action)
    }

    /// Whether there is one for an action of this repository.
    pub(super) fn is_in(owner: &str, repository: &str) -> bool {
        Self::of(owner, (repository, ""), "").is_some()
    }

    /// Whether it may have something to do after the job's steps.
    pub(super) fn may_have_post(self) -> bool {
        matches!(self, Self::Cache(CacheParts::Both) | Self::SetUp(_))
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
    let Uses::Repository { owner, repository, path, git_ref } = uses else { return None };
    let path = path.as_deref().unwrap_or_default();
    let action = BuiltinAction::of(owner, (repository, path), git_ref)?;
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

/// The 3 of `v3`, `v3.1` and `3.1.2`; `None` for a commit or a branch.
fn major_version(git_ref: &str) -> Option<u32> {
    let digits = git_ref.strip_prefix('v').unwrap_or(git_ref);
    let major = digits.split('.').next().filter(|major| major.len() < 4)?;
    major.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_known_by_its_name_and_the_place_in_its_repository() {
        let of =
            |repository, path, git_ref| BuiltinAction::of("Actions", (repository, path), git_ref);
        let upload = |is_legacy| Some(BuiltinAction::UploadArtifact { is_legacy });
        assert_eq!(of("Upload-Artifact", "", "v3.1.0"), upload(true));
        assert_eq!(of("upload-artifact", "", "v4"), upload(false));
        assert_eq!(
            of("upload-artifact", "", "0123456789012345678901234567890123456789"),
            upload(false)
        );
        assert_eq!(of("upload-artifact", "merge", "v4"), Some(BuiltinAction::MergeArtifacts));
        assert_eq!(of("cache", "save", "v4"), Some(BuiltinAction::Cache(CacheParts::Save)));
        assert_eq!(of("cache", "other", "v4"), None);
        assert_eq!(BuiltinAction::of("octo", ("cache", ""), "v4"), None);
    }
}
