//! Actions of other repositories: resolved to a commit, downloaded once, copied into the job.
//!
//! All of a job's actions are there before its container starts, those that composite actions use
//! included (`semantics` 5.2). Invariant: a cached action is named by its commit and complete.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use gantry_workflow::model::{ActionRuns, Step, StepKind, Uses};

use super::copy::{copy_tree, read_own_file};
use super::git::{Remote, git};
use super::is_checkout;
use super::manifest::{LARGEST_MANIFEST_BYTES, MANIFEST_FILES, read_manifest};
use crate::background::blocking;
use crate::execution::RunningJob;
use crate::output::StepLog;
use crate::workspace::InsidePaths;

/// How deep actions may use actions.
pub(crate) const MOST_DEPTH: usize = 9;

/// Downloads every action that the job's steps use. The error is for the workflow's author.
pub(crate) async fn prepare(job: &RunningJob, log: &mut StepLog) -> Result<(), String> {
    let mut waiting = remote_uses(&job.steps.steps);
    let mut done = BTreeSet::new();
    for _ in 0..=MOST_DEPTH {
        let mut next = Vec::new();
        for (owner, repository, path, git_ref) in waiting {
            let action = RemoteAction { owner, repository, git_ref };
            let key = format!("{}@{}", action.name(), action.git_ref);
            if !done.contains(&key) {
                action.fetch(job, log).await?;
                done.insert(key);
            }
            let copy = actions_directory(job).join(action.place());
            next.extend(uses_of(&copy, path.as_deref()));
        }
        waiting = next;
    }
    Ok(())
}

/// Where an action is for the processes of the job.
pub(crate) fn directory_of(paths: &InsidePaths, workspace: &str, uses: &Uses) -> String {
    match uses {
        Uses::Repository { owner, repository, path, git_ref } => {
            let path = path.as_ref().map(|path| format!("/{path}")).unwrap_or_default();
            format!("{}/{owner}/{repository}/{git_ref}{path}", paths.actions())
        }
        Uses::Local { path } => {
            let below = path.trim_start_matches("./").trim_end_matches('/');
            if below.is_empty() { workspace.to_owned() } else { format!("{workspace}/{below}") }
        }
        Uses::Docker { image } => image.clone(),
        Uses::SelfRepository { path } => format!("$/{path}"),
    }
}

fn actions_directory(job: &RunningJob) -> PathBuf {
    job.directory.work().join("_actions")
}

type RemoteUses = (String, String, Option<String>, String);

fn remote_uses(steps: &[Step]) -> Vec<RemoteUses> {
    steps
        .iter()
        .filter_map(|step| match &step.kind {
            StepKind::Uses { uses, .. } if !is_checkout(uses) => Some(uses),
            _ => None,
        })
        .filter_map(|uses| match uses {
            Uses::Repository { owner, repository, path, git_ref } => {
                Some((owner.clone(), repository.clone(), path.clone(), git_ref.clone()))
            }
            Uses::Local { .. } | Uses::Docker { .. } | Uses::SelfRepository { .. } => None,
        })
        .collect()
}

/// What a downloaded composite action uses itself. What is wrong with its manifest is told when
/// its step runs.
fn uses_of(action: &Path, path: Option<&str>) -> Vec<RemoteUses> {
    let directory = path.map_or_else(|| action.to_owned(), |path| action.join(path));
    let text = MANIFEST_FILES
        .iter()
        .find_map(|name| read_own_file(action, &directory.join(name), LARGEST_MANIFEST_BYTES));
    let action = text.and_then(|text| read_manifest(MANIFEST_FILES[0], &text).ok());
    match action.map(|action| action.runs) {
        Some(ActionRuns::Composite(steps)) => remote_uses(&steps),
        _ => Vec::new(),
    }
}

struct RemoteAction {
    owner: String,
    repository: String,
    git_ref: String,
}

impl RemoteAction {
    fn name(&self) -> String {
        format!("{}/{}", self.owner, self.repository)
    }

    /// Its place below the job's directory of actions.
    fn place(&self) -> PathBuf {
        Path::new(&self.owner).join(&self.repository).join(&self.git_ref)
    }

    async fn fetch(&self, job: &RunningJob, log: &mut StepLog) -> Result<(), String> {
        let parts = [&self.owner, &self.repository].into_iter().map(String::as_str);
        if parts.chain(self.git_ref.split('/')).any(|part| matches!(part, "" | "." | "..")) {
            return Err(format!("`{}@{}` is not the name of an action", self.name(), self.git_ref));
        }
        let url = job
            .host
            .config
            .action_source
            .replace("{owner}", &self.owner)
            .replace("{repo}", &self.repository);
        let remote = Remote::new(&url, "");
        let sha = self.resolve(&remote, &job.directory.stage()).await?;
        log.line(&format!(
            "Download action repository '{}@{}' (SHA:{sha})",
            self.name(),
            self.git_ref
        ));
        log.send().await;
        let cached = job.host.action_cache().join(&self.owner).join(&self.repository).join(&sha);
        if !cached.is_dir() {
            self.download(&remote, &sha, &cached).await?;
        }
        blocking(|| copy_tree(&cached, &actions_directory(job), &self.place()))
            .map_err(|error| format!("copying `{}`: {error}", self.name()))
    }

    async fn resolve(&self, remote: &Remote, directory: &Path) -> Result<String, String> {
        let wanted = &self.git_ref;
        if wanted.len() == 40 && wanted.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(wanted.clone());
        }
        let unable = || format!("Unable to resolve action `{}@{wanted}`", self.name());
        let (tag, branch) = (format!("refs/tags/{wanted}"), format!("refs/heads/{wanted}"));
        let peeled = format!("{tag}^{{}}");
        let listed =
            git(directory, remote, &["ls-remote", "--quiet", &remote.url, &tag, &peeled, &branch])
                .await
                .map_err(|error| format!("{}: {error}", unable()))?;
        let find = |name: &str| {
            let line = listed.lines().find(|line| line.split_whitespace().nth(1) == Some(name))?;
            line.split_whitespace().next().map(str::to_owned)
        };
        find(&peeled)
            .or_else(|| find(&tag))
            .or_else(|| find(&branch))
            .ok_or_else(|| format!("{}, unable to find version `{wanted}`", unable()))
    }

    async fn download(&self, remote: &Remote, sha: &str, cached: &Path) -> Result<(), String> {
        let failed = |error: std::io::Error| format!("downloading `{}`: {error}", self.name());
        let parent = cached.parent().unwrap_or(cached);
        fs::create_dir_all(parent).map_err(failed)?;
        let new = tempfile::tempdir_in(parent).map_err(failed)?;
        for arguments in [
            &["init", "--quiet"][..],
            &["fetch", "--quiet", "--depth=1", &remote.url, sha],
            &["checkout", "--quiet", "--detach", "FETCH_HEAD"],
        ] {
            git(new.path(), remote, arguments)
                .await
                .map_err(|error| format!("Unable to download `{}@{sha}`: {error}", self.name()))?;
        }
        fs::remove_dir_all(new.path().join(".git")).map_err(failed)?;
        match fs::rename(new.path(), cached) {
            // Another job was faster.
            Err(_) if cached.is_dir() => Ok(()),
            result => result.map_err(failed),
        }
    }
}
