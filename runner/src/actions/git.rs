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
    /// `https://HOST[:PORT]` of the repository's server; a path on this machine has none.
    pub(super) server: Option<String>,
    /// `AUTHORIZATION: basic ...`
    header: Option<String>,
    ssh: Option<Ssh>,
}

/// How a server is reached by SSH.
#[derive(Clone, Debug)]
pub(super) struct Ssh {
    /// `ssh://USER@HOST[:PORT]`
    pub(super) server: String,
    /// With the key, as `GIT_SSH_COMMAND` has it.
    pub(super) command: String,
}

impl Remote {
    /// `token` is the password of `x-access-token`; empty for none.
    pub(super) fn new(url: &str, token: &str) -> Self {
        let header = (!token.is_empty()).then(|| authorization(token));
        Self { url: url.to_owned(), server: server(url).map(str::to_owned), header, ssh: None }
    }

    /// The same repository by SSH; what is left for HTTP keeps its token.
    pub(super) fn over_ssh(self, url: String, command: String) -> Self {
        let server = server(&url).unwrap_or(&url).to_owned();
        Self { url, ssh: Some(Ssh { server, command }), ..self }
    }

    pub(super) fn ssh(&self) -> Option<&Ssh> {
        self.ssh.as_ref()
    }

    /// The setting that makes git send the token to this server, and only there.
    pub(super) fn setting(&self) -> Option<(String, &str)> {
        let server = self.server.as_deref()?;
        Some((format!("http.{server}/.extraheader"), self.header.as_deref()?))
    }
}

/// `SCHEME://HOST[:PORT]`
pub(super) fn server(url: &str) -> Option<&str> {
    let scheme = url.find("://")? + 3;
    let host = url[scheme..].find('/').map_or(url.len(), |slash| scheme + slash);
    Some(&url[..host])
}

/// The header that GitHub's checkout uses.
fn authorization(token: &str) -> String {
    let pair = format!("x-access-token:{token}");
    format!("AUTHORIZATION: basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

/// Variables of the runner's own environment that would lead git elsewhere.
const FOREIGN_VARIABLES: [&str; 7] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_SSH_COMMAND",
    "SSH_AUTH_SOCK",
];

/// Runs git in `directory`; answers what it printed, or what it said about its failure.
pub(super) async fn git(
    directory: &Path,
    remote: &Remote,
    arguments: &[&str],
) -> Result<String, String> {
    git_with(directory, (remote, &[]), arguments).await
}

/// As [`git`], with further settings.
pub(super) async fn git_with(
    directory: &Path,
    (remote, settings): (&Remote, &[(String, String)]),
    arguments: &[&str],
) -> Result<String, String> {
    let mut command = Command::new("git");
    for variable in FOREIGN_VARIABLES {
        command.env_remove(variable);
    }
    if let Some(ssh) = &remote.ssh {
        command.env("GIT_SSH_COMMAND", &ssh.command);
    }
    let own = remote.setting();
    let own = own.iter().map(|(key, value)| (key.as_str(), *value));
    let further = settings.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    for (n, (key, value)) in own.chain(further).enumerate() {
        command
            .env("GIT_CONFIG_COUNT", (n + 1).to_string())
            .env(format!("GIT_CONFIG_KEY_{n}"), key)
            .env(format!("GIT_CONFIG_VALUE_{n}"), value);
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
    let is_setting = |word: &&str| *word == "-c" || word.contains('=');
    let verb = arguments.iter().copied().find(|word| !is_setting(word)).unwrap_or_default();
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
