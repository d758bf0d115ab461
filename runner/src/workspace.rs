//! The directories of one job: on the runner's disk, and as its processes see them
//! (`semantics` 5.1).
//!
//! Invariant: what only the runner may touch (`message.json`, `stage/`, ...) is beside the
//! directories that are mounted into the container, never inside them.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use gantry_protocol::JobId;

use crate::infra_error::InfraError;
use crate::remove_tree::remove_tree;

/// Where the files of `GITHUB_ENV` and its like are, within the work directory; as on GitHub.
pub(crate) const FILE_COMMANDS: &str = "_temp/_runner_file_commands";

/// One job's directory on the runner's disk.
#[derive(Clone, Debug)]
pub struct JobDirectory {
    root: PathBuf,
}

impl JobDirectory {
    /// The place of `job` among `jobs`; nothing is created.
    #[must_use]
    pub fn new(jobs: &Path, job: JobId) -> Self {
        Self { root: jobs.join(job.to_string()) }
    }

    /// The directory at `root` itself.
    pub(crate) fn of(root: PathBuf) -> Self {
        Self { root }
    }

    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Socket, spools and exit codes of the shim; mounted as `/gantry`.
    #[must_use]
    pub fn shim(&self) -> PathBuf {
        self.root.join("shim")
    }

    /// Mounted as `/__w`.
    #[must_use]
    pub fn work(&self) -> PathBuf {
        self.root.join("work")
    }

    #[must_use]
    pub fn temp(&self) -> PathBuf {
        self.work().join("_temp")
    }

    /// Mounted as `/github/home`.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.temp().join("_github_home")
    }

    /// Mounted as `/github/workflow`; holds `event.json`.
    #[must_use]
    pub fn workflow(&self) -> PathBuf {
        self.temp().join("_github_workflow")
    }

    /// Mounted as `/__t`.
    #[must_use]
    pub fn tools(&self) -> PathBuf {
        self.root.join("tools")
    }

    /// Where files are made ready before they go into the workspace; never mounted.
    #[must_use]
    pub fn stage(&self) -> PathBuf {
        self.root.join("stage")
    }

    /// The job's own way to the engine, to be mounted; no process of the job sees its directory.
    #[must_use]
    pub fn engine_socket(&self) -> PathBuf {
        self.root.join("engine").join("docker.sock")
    }

    /// Files of the file commands of an action in a container; the job container never sees them.
    #[must_use]
    pub fn container_files(&self, process: &str) -> PathBuf {
        self.root.join("containers").join(process)
    }

    /// The job as leased; holds secrets, so mode 0600.
    #[must_use]
    pub fn message_file(&self) -> PathBuf {
        self.root.join("message.json")
    }

    /// How far the job is; holds secrets, so mode 0600.
    #[must_use]
    pub fn progress_file(&self) -> PathBuf {
        self.root.join("progress.json")
    }

    /// A step in the background until somebody has waited for it; holds secrets, so mode 0600.
    pub(crate) fn background_file(&self, number: u32) -> PathBuf {
        self.root.join(format!("background-{number}.json"))
    }

    /// Makes the job's own directory, which only the runner's user may enter.
    pub(crate) fn create_root(&self) -> Result<(), InfraError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.root)
            .map_err(InfraError::disk("creating", &self.root))
    }

    /// Whether a set-up has begun before; only then can there be containers of the job.
    pub(crate) fn has_contents(&self) -> bool {
        self.work().exists() || self.shim().exists()
    }

    /// Makes the directories within, empty; those of an attempt that was cut short go first.
    pub(crate) fn create_contents(&self, repository: &str) -> Result<(), InfraError> {
        for path in [self.shim(), self.work(), self.tools(), self.stage()] {
            remove(&path)?;
        }
        self.create_mounted()?;
        self.create_own(repository)
    }

    /// Makes the directories that a container sees, whatever job it is for.
    pub(crate) fn create_mounted(&self) -> Result<(), InfraError> {
        let commands = self.work().join(FILE_COMMANDS);
        create(0o755, &[commands, self.home(), self.workflow(), self.tools()])?;
        // Unmasked output and the socket are nobody's business but root's, also in the container.
        create(0o700, &[self.shim()])
    }

    /// Makes the directories within those that only a job of `repository` has.
    pub(crate) fn create_own(&self, repository: &str) -> Result<(), InfraError> {
        let workspace = self.work().join(repository).join(repository);
        create(0o755, &[workspace, self.work().join("_actions")])?;
        create(0o700, &[self.stage(), self.root.join("engine")])
    }

    /// Takes over what a container has mounted that was started without a job. A mount follows its
    /// directory, so the container does not notice.
    pub(crate) fn take_mounted(&self, other: &Self) -> Result<(), InfraError> {
        for (from, to) in [
            (other.shim(), self.shim()),
            (other.work(), self.work()),
            (other.tools(), self.tools()),
        ] {
            fs::rename(&from, to).map_err(InfraError::disk("renaming", &from))?;
        }
        other.remove()
    }

    /// The name of the container, where it was started without a job; it carries no job's label.
    pub(crate) fn taken_container(&self) -> PathBuf {
        self.root.join("container")
    }

    /// Removes everything of the job from the disk.
    pub(crate) fn remove(&self) -> Result<(), InfraError> {
        remove(&self.root)
    }
}

fn create(mode: u32, paths: &[PathBuf]) -> Result<(), InfraError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(mode);
    let create = |path: &PathBuf| builder.create(path).map_err(InfraError::disk("creating", path));
    paths.iter().try_for_each(create)
}

fn remove(path: &Path) -> Result<(), InfraError> {
    remove_tree(path).map_err(InfraError::disk("removing", path))
}

/// Where things are for the processes of the job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InsidePaths {
    /// `/__w`
    pub work: String,
    /// `/__t`
    pub tools: String,
    /// `/__e`
    pub externals: String,
    /// `/github/home`
    pub home: String,
    /// `/github/workflow`
    pub workflow: String,
}

impl InsidePaths {
    /// As in a container.
    #[must_use]
    pub fn container() -> Self {
        Self {
            work: "/__w".to_owned(),
            tools: "/__t".to_owned(),
            externals: "/__e".to_owned(),
            home: "/github/home".to_owned(),
            workflow: "/github/workflow".to_owned(),
        }
    }

    /// `RUNNER_TEMP`
    #[must_use]
    pub fn temp(&self) -> String {
        format!("{}/_temp", self.work)
    }

    #[must_use]
    pub fn actions(&self) -> String {
        format!("{}/_actions", self.work)
    }

    #[must_use]
    pub fn file_commands(&self) -> String {
        format!("{}/{FILE_COMMANDS}", self.work)
    }

    /// `RUNNER_WORKSPACE`; `repository` is the name without its owner.
    #[must_use]
    pub fn runner_workspace(&self, repository: &str) -> String {
        format!("{}/{repository}", self.work)
    }

    /// `GITHUB_WORKSPACE`
    #[must_use]
    pub fn workspace(&self, repository: &str) -> String {
        format!("{}/{repository}/{repository}", self.work)
    }

    #[must_use]
    pub fn event_file(&self) -> String {
        format!("{}/event.json", self.workflow)
    }
}

#[cfg(test)]
mod tests {
    use nix::fcntl::{OFlag, open, openat};
    use nix::sys::stat::{Mode, mkdirat};

    use super::*;

    /// A job can nest directories deeper than a stack of calls, or the open files of a process, can
    /// follow.
    #[test]
    fn directories_nested_without_end_are_removed() {
        let jobs = tempfile::tempdir().unwrap();
        let directory = JobDirectory::new(jobs.path(), JobId(1));
        directory.create_root().unwrap();
        let mut inner = open(directory.root(), OFlag::O_DIRECTORY, Mode::empty()).unwrap();
        for _ in 0..19_000 {
            mkdirat(&inner, "d", Mode::S_IRWXU).unwrap();
            inner = openat(&inner, "d", OFlag::O_DIRECTORY, Mode::empty()).unwrap();
        }
        drop(inner);
        directory.remove().unwrap();
        assert!(!directory.root().exists());
    }
}
