//! Repositories of actions on the runner's disk, one directory for each commit, for all jobs.
//!
//! Does not resolve names. Two jobs may add the same commit at once, and a runner may be killed in
//! the middle. Invariant: a directory that carries a commit's name is complete and never changes.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::git::{Remote, git};
use crate::config::RunnerConfig;

/// Where downloads are made ready; no owner's name begins with a dot.
const UNFINISHED: &str = ".new";

/// A commit of a repository.
#[derive(Clone, Copy, Debug)]
pub(super) struct Commit<'a> {
    pub(super) owner: &'a str,
    pub(super) repository: &'a str,
    pub(super) sha: &'a str,
}

/// One directory with commits below it.
#[derive(Clone, Debug)]
pub(super) struct ActionCache {
    root: PathBuf,
}

impl ActionCache {
    /// Commits of actions; `is_own` for those of the jobs' own repositories, which are kept apart
    /// since others may not see them.
    pub(super) fn new(config: &RunnerConfig, is_own: bool) -> Self {
        let name = if is_own { "own-actions" } else { "actions" };
        Self { root: config.work_directory.join(name) }
    }

    /// Makes the directory, and removes what a download left that was cut short.
    pub(super) fn prepare(&self) -> io::Result<()> {
        let unfinished = self.root.join(UNFINISHED);
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished)?;
        }
        fs::create_dir_all(&unfinished)
    }

    pub(super) fn directory(&self, commit: Commit<'_>) -> PathBuf {
        self.root.join(commit.owner).join(commit.repository).join(commit.sha)
    }

    /// Downloads a commit unless it is there; the error is a part of a sentence.
    pub(super) async fn add(&self, remote: &Remote, commit: Commit<'_>) -> Result<(), String> {
        let directory = self.directory(commit);
        if directory.is_dir() {
            return Ok(());
        }
        let failed = |error: io::Error| error.to_string();
        let unfinished = self.root.join(UNFINISHED);
        // Whoever needs room may remove all of the cache.
        fs::create_dir_all(&unfinished).map_err(failed)?;
        let new = tempfile::tempdir_in(unfinished).map_err(failed)?;
        for arguments in [
            &["init", "--quiet"][..],
            &["fetch", "--quiet", "--depth=1", "--no-tags", &remote.url, commit.sha],
            &["checkout", "--quiet", "--detach", "FETCH_HEAD"],
        ] {
            git(new.path(), remote, arguments).await?;
        }
        fs::remove_dir_all(new.path().join(".git")).map_err(failed)?;
        publish(new.path(), &directory).map_err(failed)
    }
}

/// Gives a finished download its name.
fn publish(new: &Path, directory: &Path) -> io::Result<()> {
    // After a loss of power the name must not be there without the files.
    nix::unistd::syncfs(File::open(new)?)?;
    fs::create_dir_all(directory.parent().unwrap_or(directory))?;
    match fs::rename(new, directory) {
        // Another job was faster.
        Err(_) if directory.is_dir() => Ok(()),
        result => result,
    }
}
