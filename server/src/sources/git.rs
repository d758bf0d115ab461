//! One invocation of `git`, with an environment of its own.
//!
//! Does not know what is asked. Invariant: no configuration of the machine or of a user has an
//! influence, nothing is fetched, no hook or helper is started, and every call ends in bounded time.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

/// Reading a commit takes milliseconds; a repository that needs longer than this is broken.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Why git gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error("the program `git` could not be started: install the Debian package `git` ({0})")]
    NotStarted(#[source] std::io::Error),
    #[error("`git {command}` in `{repository}` took longer than {} s", TIME_LIMIT.as_secs())]
    TooSlow { command: String, repository: PathBuf },
    #[error("`git {command}` in `{repository}`: {message}")]
    Failed { command: String, repository: PathBuf, message: String },
    #[error("{what} is not in the repository `{repository}`")]
    Missing { what: String, repository: PathBuf },
}

/// A repository on this machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Git<'a> {
    repository: &'a Path,
}

impl<'a> Git<'a> {
    pub(super) fn new(repository: &'a str) -> Self {
        Self { repository: Path::new(repository) }
    }

    /// What `git <args>` prints.
    pub(super) async fn read<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<Vec<u8>, GitError> {
        let command = args.first().map(|s| s.as_ref().to_string_lossy().into_owned());
        let command = command.unwrap_or_default();
        match tokio::time::timeout(
            TIME_LIMIT,
            self.piped_command().args(args).stdin(Stdio::null()).output(),
        )
        .await
        {
            Ok(Ok(output)) if output.status.success() => Ok(output.stdout),
            Ok(Ok(output)) => Err(GitError::Failed {
                command,
                repository: self.repository.to_owned(),
                message: message(&output),
            }),
            Ok(Err(error)) => Err(GitError::NotStarted(error)),
            Err(_) => Err(GitError::TooSlow { command, repository: self.repository.to_owned() }),
        }
    }

    /// The error for something that git does not have.
    pub(super) fn missing(&self, what: impl Into<String>) -> GitError {
        GitError::Missing { what: what.into(), repository: self.repository.to_owned() }
    }

    /// A command with pipes, which ends when it is dropped.
    pub(super) fn piped_command(&self) -> Command {
        let mut command = self.command();
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    fn command(&self) -> Command {
        let mut command = Command::new("git");
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("LC_ALL", "C")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ALLOW_PROTOCOL", "none")
            // Command-line scope: the only one besides the machine's in which git accepts
            // `safe.directory`, which lets us read repositories that belong to other users.
            .env("GIT_CONFIG_COUNT", "3")
            .env("GIT_CONFIG_KEY_0", "safe.directory")
            .env("GIT_CONFIG_VALUE_0", "*")
            .env("GIT_CONFIG_KEY_1", "core.hooksPath")
            .env("GIT_CONFIG_VALUE_1", "/dev/null")
            .env("GIT_CONFIG_KEY_2", "core.fsmonitor")
            .env("GIT_CONFIG_VALUE_2", "false")
            .arg("-C")
            .arg(self.repository);
        command
    }
}

fn message(output: &std::process::Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    match text.trim().lines().next() {
        Some(line) => line.trim_start_matches("fatal: ").to_owned(),
        None => format!("ended with {}", output.status),
    }
}
