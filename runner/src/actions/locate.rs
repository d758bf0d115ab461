//! Where the action is that a step names, and what it says of itself.
//!
//! Descriptions of downloaded actions are read from the runner's own copy, which no job can change;
//! those of local ones as a process of the job would read them. Invariant: nothing outside of an
//! action is ever taken for a part of it.

use std::path::{Path, PathBuf};

use gantry_workflow::model::{Action, Uses};

use super::cache::{ActionCache, Commit};
use super::copy::read_own_file;
use super::describe::{FILES, LARGEST_FILE_BYTES, describe};
use crate::execution::{ActionScope, PreparedAction, RunningJob, uses_text};
use crate::infra_error::InfraError;
use crate::shim::ShimError;

/// A directory with an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ActionPlace {
    /// For the processes of the job.
    pub(crate) inside: String,
    /// The repository's copy on the runner's disk and the action's path below it; none for a local
    /// action.
    own: Option<(PathBuf, String)>,
    /// `owner/repo`; empty for a local action.
    pub(crate) repository: String,
    pub(crate) git_ref: String,
}

impl ActionPlace {
    /// The action lies in the workspace.
    pub(super) fn is_local(&self) -> bool {
        self.own.is_none()
    }

    /// The action's directory on the runner's disk: its path below one that no job can replace.
    pub(super) fn directory(&self, job: &RunningJob) -> (PathBuf, PathBuf) {
        match &self.own {
            Some((root, path)) => (root.clone(), PathBuf::from(path)),
            None => {
                let below = self.inside.strip_prefix(&job.paths.work).unwrap_or(&self.inside);
                (job.directory.work(), PathBuf::from(below.trim_start_matches('/')))
            }
        }
    }
}

/// An action with its description.
#[derive(Debug)]
pub(crate) struct LoadedAction {
    pub(crate) action: Action,
    pub(crate) place: ActionPlace,
}

/// Loads an action that a step is about to run; `around` is the action whose step it is.
pub(crate) async fn load(
    job: &RunningJob,
    uses: &Uses,
    around: Option<&ActionScope>,
) -> Result<Result<LoadedAction, String>, InfraError> {
    let place = match place_of(job, uses, around) {
        Ok(place) => place,
        Err(message) => return Ok(Err(message)),
    };
    let described = match &place.own {
        Some(own) => describe_own(&place.inside, own),
        None => {
            let paths = FILES.map(|name| format!("{}/{name}", place.inside)).to_vec();
            match job.shim()?.read_files(paths, LARGEST_FILE_BYTES).await {
                Ok(files) => {
                    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
                    let texts: Vec<_> = files.into_iter().map(|file| file.map(text)).collect();
                    describe(&place.inside, &texts)
                }
                Err(ShimError::Refused(message)) => Err(message),
                Err(error) => return Err(InfraError::Shim { reason: error.to_string() }),
            }
        }
    };
    Ok(described.map(|action| LoadedAction { action, place }))
}

/// Loads an action that was downloaded; `None` for a local one, and for one that cannot be read,
/// which is told when its step runs.
pub(super) fn load_own(
    job: &RunningJob,
    uses: &Uses,
    around: Option<&ActionScope>,
) -> Option<LoadedAction> {
    let place = place_of(job, uses, around).ok()?;
    let action = describe_own(&place.inside, place.own.as_ref()?).ok()?;
    Some(LoadedAction { action, place })
}

fn describe_own(inside: &str, (root, path): &(PathBuf, String)) -> Result<Action, String> {
    let file = |name: &&str| read_own_file(root, &root.join(path).join(name), LARGEST_FILE_BYTES);
    let texts: Vec<Option<String>> = FILES.iter().map(file).collect();
    describe(inside, &texts)
}

fn place_of(
    job: &RunningJob,
    uses: &Uses,
    around: Option<&ActionScope>,
) -> Result<ActionPlace, String> {
    match uses {
        Uses::Local { path } => Ok(local(job, path)),
        Uses::Docker { image } => Err(format!("`docker://{image}` has no directory")),
        Uses::Repository { owner, repository, path, git_ref } => {
            let record = &job.state.record.progress.actions;
            let prepared = record.find(owner, repository, git_ref);
            let prepared = prepared.ok_or_else(|| not_downloaded(&uses_text(uses)))?;
            downloaded(job, prepared, path.as_deref().unwrap_or_default())
        }
        Uses::SelfRepository { path } => {
            let (owner, repository, git_ref) = own_repository(job, around);
            let record = &job.state.record.progress.actions;
            let prepared = record.find(&owner, &repository, &git_ref);
            let prepared = prepared.ok_or_else(|| not_downloaded(&uses_text(uses)))?;
            downloaded(job, prepared, path)
        }
    }
}

fn not_downloaded(name: &str) -> String {
    format!("`{name}` was not downloaded when the job was set up")
}

/// The repository of the file that names a `$/` action: the action's around it, or the job's.
pub(super) fn own_repository(
    job: &RunningJob,
    around: Option<&ActionScope>,
) -> (String, String, String) {
    let (full_name, git_ref) = match around.filter(|around| !around.repository.is_empty()) {
        Some(around) => (around.repository.clone(), around.git_ref.clone()),
        None => (job.state.message.repository.full_name.clone(), job.github_text("sha")),
    };
    let (owner, repository) = full_name.split_once('/').unwrap_or(("", &full_name));
    (owner.to_owned(), repository.to_owned(), git_ref)
}

fn local(job: &RunningJob, path: &str) -> ActionPlace {
    let below = path.replace('\\', "/");
    let below = below.trim_start_matches("./").trim_end_matches('/');
    let workspace = job.workspace();
    let inside = if below.is_empty() { workspace } else { format!("{workspace}/{below}") };
    ActionPlace { inside, own: None, repository: String::new(), git_ref: String::new() }
}

fn downloaded(
    job: &RunningJob,
    prepared: &PreparedAction,
    path: &str,
) -> Result<ActionPlace, String> {
    let PreparedAction { owner, repository, git_ref, sha, is_own } = prepared;
    let name = format!("{owner}/{repository}");
    let sha = sha.as_deref().ok_or_else(|| not_downloaded(&name))?;
    let root =
        ActionCache::new(&job.host.config, *is_own).directory(Commit { owner, repository, sha });
    let path = path.trim_matches('/').to_owned();
    let slash = if path.is_empty() { "" } else { "/" };
    Ok(ActionPlace {
        inside: format!("{}/{name}/{git_ref}{slash}{path}", job.paths.actions()),
        own: Some((root, path)),
        repository: name,
        git_ref: git_ref.clone(),
    })
}

/// The place of an action's repository below the job's directory of actions.
pub(super) fn place_in_job(prepared: &PreparedAction) -> PathBuf {
    Path::new(&prepared.owner).join(&prepared.repository).join(&prepared.git_ref)
}
