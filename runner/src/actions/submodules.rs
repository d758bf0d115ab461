//! The submodules of a checkout.
//!
//! Their URLs are the repository's to say, and git runs on the runner's machine. Invariant: git only goes
//! to the server that the repository itself comes from.

use std::path::{Path, PathBuf};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::git::{Remote, git};
use crate::output::StepLog;

/// Deeper ones are left out with an error; no sane repository has them.
const MOST_LEVELS: usize = 10;

/// Which submodules are checked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Submodules {
    None,
    Own,
    /// Those of submodules, too.
    All,
}

/// How submodules are fetched.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fetching<'a> {
    /// Of the repository whose checkout this is; its credentials go to its server only.
    pub(super) remote: &'a Remote,
    /// 0 for the whole history.
    pub(super) depth: u32,
    pub(super) recursive: bool,
}

/// Checks the submodules of the repository in `directory` out; answers the directories that have git
/// configuration of their own.
pub(super) async fn check_out(
    directory: &Path,
    fetching: Fetching<'_>,
    log: &mut StepLog,
) -> Result<Vec<PathBuf>, String> {
    log.line("##[group]Fetching submodules");
    log.send().await;
    let mut configured = Vec::new();
    let of = Repository { directory, url: fetching.remote.url.clone(), level: 1 };
    check_out_level(of, fetching, &mut configured, log).await?;
    log.line("##[endgroup]");
    Ok(configured)
}

/// A repository that may have submodules.
struct Repository<'a> {
    directory: &'a Path,
    url: String,
    level: usize,
}

fn check_out_level<'a>(
    of: Repository<'a>,
    fetching: Fetching<'a>,
    configured: &'a mut Vec<PathBuf>,
    log: &'a mut StepLog,
) -> BoxFuture<'a, Result<(), String>> {
    async move {
        if of.level > MOST_LEVELS {
            return Err(format!("submodules are nested more than {MOST_LEVELS} levels deep"));
        }
        for (name, path) in list(&of, fetching.remote).await? {
            let git = |arguments: Vec<String>| {
                let directory = of.directory;
                async move {
                    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                    git(directory, fetching.remote, &arguments).await
                }
            };
            let key = format!("submodule.{name}.url");
            let written = git(words(&["config", "--file", ".gitmodules", "--get", &key])).await?;
            let url = resolve(&written, &of.url)
                .filter(|url| is_same_server(url, &fetching.remote.url))
                .ok_or_else(|| elsewhere(&path, &written))?;
            log.line(&format!("Submodule path '{path}': {url}"));
            log.send().await;
            git(words(&["submodule", "--quiet", "init", "--", &path])).await?;
            git(words(&["config", "--local", &key, &url])).await?;
            let mut update = words(&["submodule", "--quiet", "update", "--checkout", "--force"]);
            if fetching.depth > 0 {
                update.push(format!("--depth={}", fetching.depth));
            }
            update.extend(words(&["--", &path]));
            git(update).await?;
            let directory = of.directory.join(&path);
            if fetching.recursive {
                let inner = Repository { directory: &directory, url, level: of.level + 1 };
                check_out_level(inner, fetching, configured, log).await?;
            }
            configured.push(directory);
        }
        Ok(())
    }
    .boxed()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// Names and paths of submodules, as `.gitmodules` has them.
async fn list(of: &Repository<'_>, remote: &Remote) -> Result<Vec<(String, String)>, String> {
    // What a symlink leads to is not the repository's.
    let is_file = of.directory.join(".gitmodules").symlink_metadata().is_ok_and(|m| m.is_file());
    if !is_file {
        return Ok(Vec::new());
    }
    let pattern = r"^submodule\..*\.path$";
    let arguments = ["config", "--null", "--file", ".gitmodules", "--get-regexp", pattern];
    let Ok(listed) = git(of.directory, remote, &arguments).await else { return Ok(Vec::new()) };
    let entry = |entry: &str| {
        let (key, path) = entry.split_once('\n')?;
        let name = key.strip_prefix("submodule.")?.strip_suffix(".path")?;
        Some((name.to_owned(), path.to_owned()))
    };
    Ok(listed.split('\0').filter_map(entry).collect())
}

fn elsewhere(path: &str, url: &str) -> String {
    format!(
        "submodule '{path}' is at {url}, which is not on the server of this repository; the checkout \
         that is part of the runner goes nowhere else (--builtin-actions never lets the real one run)"
    )
}

/// The URL of a submodule that is written as `url` in the repository at `parent`; ways over SSH become
/// those of the repository itself.
fn resolve(url: &str, parent: &str) -> Option<String> {
    let (scheme, _) = parent.split_once("://")?;
    if url.starts_with("./") || url.starts_with("../") {
        return relative(url, parent);
    }
    if let Some(rest) = url.strip_prefix("ssh://") {
        let rest = rest.split_once('@').map_or(rest, |(_, rest)| rest);
        return Some(format!("{scheme}://{rest}"));
    }
    if !url.contains("://")
        && let Some((host, path)) = url.split_once(':')
    {
        let host = host.split_once('@').map_or(host, |(_, host)| host);
        return Some(format!("{scheme}://{host}/{}", path.trim_start_matches('/')));
    }
    Some(url.to_owned())
}

fn relative(url: &str, parent: &str) -> Option<String> {
    let mut base = parent.trim_end_matches('/');
    let mut rest = url;
    loop {
        if let Some(after) = rest.strip_prefix("./") {
            rest = after;
        } else if let Some(after) = rest.strip_prefix("../") {
            base = base.rsplit_once('/')?.0;
            rest = after;
        } else {
            return Some(format!("{base}/{rest}"));
        }
    }
}

/// A path on this machine has no server.
fn is_same_server(url: &str, other: &str) -> bool {
    let server = |url: &str| {
        let (scheme, rest) = url.split_once("://")?;
        let host = rest.split('/').next().filter(|host| !host.is_empty())?;
        (scheme != "file").then(|| (scheme.to_ascii_lowercase(), host.to_ascii_lowercase()))
    };
    server(url).is_some_and(|server_of_url| Some(server_of_url) == server(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_submodules_are_those_of_the_repositorys_server() {
        let of = |url: &str| resolve(url, "https://git.example/octo/app.git");
        let library = Some("https://git.example/octo/lib.git".to_owned());
        for url in [
            "../lib.git",
            "./../lib.git",
            "git@git.example:octo/lib.git",
            "ssh://git@git.example/octo/lib.git",
            "https://git.example/octo/lib.git",
        ] {
            assert_eq!(of(url), library, "{url}");
        }
        assert_eq!(of("../../../../../../x"), None);
        assert_eq!(resolve("../lib", "/srv/git/app"), None);
    }

    #[test]
    fn other_servers_and_this_machine_are_elsewhere() {
        let own = "https://git.example/octo/app";
        assert!(is_same_server("https://GIT.example/other/lib", own));
        for url in [
            "https://evil.example/lib",
            "http://git.example/lib",
            "https://git.example@evil.example/lib",
            "/etc/passwd",
            "file:///srv/git/secret",
            "https://git.example.evil/lib",
        ] {
            assert!(!is_same_server(url, own), "{url}");
        }
        assert!(!is_same_server("file:///a", "file:///b"));
    }
}
