//! The large files of a checkout, by `git-lfs` on the runner's machine.
//!
//! Invariant: they come from the repository's own server, whatever a file in the repository says.

use std::path::Path;

use super::git::{Remote, git, git_with, server};
use crate::output::StepLog;

/// What a repository may send large files elsewhere with.
const ELSEWHERE: &str = r"^(lfs\.url|lfs\.pushurl|remote\..*\.lfs(push)?url)$";

/// Whether the machine can do it.
pub(super) async fn check(directory: &Path, remote: &Remote) -> Result<(), String> {
    git(directory, remote, &["lfs", "version"]).await.map(drop).map_err(|_| {
        "input `lfs` needs git-lfs, which is not there on the runner's machine; install the package \
         git-lfs there"
            .to_owned()
    })
}

/// Replaces the pointers in the checked out repository by what they stand for.
pub(super) async fn pull(
    directory: &Path,
    remote: &Remote,
    log: &mut StepLog,
) -> Result<(), String> {
    log.line("##[group]Fetching LFS objects");
    refuse_elsewhere(directory, remote).await?;
    // The hooks are for the job: nothing runs them here.
    git(directory, remote, &["-c", "core.hooksPath=.git/hooks", "lfs", "install", "--local"])
        .await?;
    let settings = [("lfs.url".to_owned(), store(&remote.url))];
    let arguments = ["lfs", "pull", "origin"];
    log.line(&format!("[command]git {}", arguments.join(" ")));
    log.send().await;
    git_with(directory, (remote, &settings), &arguments).await?;
    log.line("##[endgroup]");
    Ok(())
}

/// Where large files of the repository at `url` are.
fn store(url: &str) -> String {
    if !url.starts_with("http") {
        return url.to_owned();
    }
    let url = url.trim_end_matches('/');
    let suffix = if url.ends_with(".git") { "" } else { ".git" };
    format!("{url}{suffix}/info/lfs")
}

async fn refuse_elsewhere(directory: &Path, remote: &Remote) -> Result<(), String> {
    let arguments = ["config", "--blob", "HEAD:.lfsconfig", "--get-regexp", ELSEWHERE];
    // Without such a file, or such a key, it fails.
    let Ok(found) = git(directory, remote, &arguments).await else { return Ok(()) };
    let own = [server(&remote.url), remote.server.as_deref()];
    let urls = found.lines().filter_map(|line| line.split_once(' ').map(|(_, url)| url));
    for url in urls {
        if server(url).is_none() || !own.contains(&server(url)) {
            return Err(format!(
                ".lfsconfig says that large files are at {url}, which is not on the server of this \
                 repository; the checkout that is part of the runner goes nowhere else \
                 (--builtin-actions never lets the real one run)"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_files_are_beside_the_repository() {
        let expected = "https://git.example/o/r.git/info/lfs";
        for url in ["https://git.example/o/r", "https://git.example/o/r.git"] {
            assert_eq!(store(url), expected);
        }
        assert_eq!(store("ssh://git@git.example/o/r"), "ssh://git@git.example/o/r");
    }
}
