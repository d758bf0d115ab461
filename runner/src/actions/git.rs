//! The host's `git`, in a directory of its own and with no configuration but ours.
//!
//! Invariant: a token is never an argument and never part of an error; nobody is asked anything.

use std::path::Path;
use std::process::Stdio;

use base64::Engine;
use tokio::process::Command;

/// Where a repository is and how it is reached.
#[derive(Clone, Debug)]
pub(super) struct Remote {
    pub(super) url: String,
    /// `AUTHORIZATION: basic ...`
    header: Option<String>,
}

impl Remote {
    /// `token` is the password of `x-access-token`; empty for none.
    pub(super) fn new(url: &str, token: &str) -> Self {
        let header = (!token.is_empty()).then(|| authorization(token));
        Self { url: url.to_owned(), header }
    }

    /// The setting that makes git send the token to this server, and only there.
    pub(super) fn setting(&self) -> Option<(String, &str)> {
        let scheme = self.url.find("://")? + 3;
        let host = self.url[scheme..].find('/').map_or(self.url.len(), |slash| scheme + slash);
        Some((format!("http.{}/.extraheader", &self.url[..host]), self.header.as_deref()?))
    }
}

/// The header that GitHub's checkout uses.
fn authorization(token: &str) -> String {
    let pair = format!("x-access-token:{token}");
    format!("AUTHORIZATION: basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

/// Variables of the runner's own environment that would lead git elsewhere.
const FOREIGN_VARIABLES: [&str; 6] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_SSH_COMMAND",
];

/// Runs git in `directory`; answers what it printed, or what it said about its failure.
pub(super) async fn git(
    directory: &Path,
    remote: &Remote,
    arguments: &[&str],
) -> Result<String, String> {
    let mut command = Command::new("git");
    for variable in FOREIGN_VARIABLES {
        command.env_remove(variable);
    }
    if let Some((key, value)) = remote.setting() {
        command
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", key)
            .env("GIT_CONFIG_VALUE_0", value);
    }
    let output = command
        .arg("-c")
        .arg("core.hooksPath=/dev/null")
        .args(arguments)
        .current_dir(directory)
        .env("HOME", directory)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| format!("git cannot be run on the runner's machine: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let verb = arguments.first().copied().unwrap_or_default();
    Err(format!("git {verb} failed: {}", said.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_to_its_own_server_only() {
        let remote = Remote::new("https://git.example/o/r.git", "t");
        let (key, value) = remote.setting().unwrap();
        assert_eq!(key, "http.https://git.example/.extraheader");
        assert_eq!(value, "AUTHORIZATION: basic eC1hY2Nlc3MtdG9rZW46dA==");
        assert!(Remote::new("https://git.example/o/r.git", "").setting().is_none());
    }
}
