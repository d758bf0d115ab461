//! The submodules of a checkout.
//!
//! Their URLs are the repository's to say, and git runs on the runner's machine. Invariant: git only goes
//! to the server that the repository itself comes from, and where [`super::elsewhere`] allows it.

use std::path::{Path, PathBuf};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::elsewhere::{self, Settings};
use super::git::{Remote, git, git_with, server};
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
    /// Servers that the operator has named.
    pub(super) hosts: &'a [String],
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
            let key = format!("submodule.{name}.url");
            let show = ["config", "--file", ".gitmodules", "--get", &key];
            let written = git(of.directory, fetching.remote, &show).await?;
            let (url, settings) = find(&written, &of.url, fetching).await.map_err(|why| {
                format!("submodule '{path}' is at {written}, not on the server of this repository: {why}")
            })?;
            let git = |arguments: Vec<String>| {
                let directory = of.directory;
                let settings = settings.clone();
                async move {
                    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                    git_with(directory, (fetching.remote, &settings), &arguments).await
                }
            };
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

/// Where a submodule is, and what git needs on the way there; the error says why git may not go there.
async fn find(
    written: &str,
    parent: &str,
    fetching: Fetching<'_>,
) -> Result<(String, Settings), String> {
    let url = resolve(written, parent, fetching.remote).ok_or("it leads out of the server")?;
    if fetching.remote.is_own(&url) {
        return Ok((url, Settings::new()));
    }
    let settings = elsewhere::permit(&url, fetching.hosts).await?;
    Ok((url, settings))
}

impl Remote {
    /// Whether a URL is on the server of this repository. A path on this machine has no server.
    fn is_own(&self, url: &str) -> bool {
        let is_same =
            |own: &str| server(url).is_some_and(|server| server.eq_ignore_ascii_case(own));
        let by_http = self.server.as_deref().filter(|server| has_host(server));
        by_http.is_some_and(is_same) || self.ssh().is_some_and(|ssh| is_same(&ssh.server))
    }
}

fn has_host(server: &str) -> bool {
    server.split_once("://").is_some_and(|(scheme, host)| scheme != "file" && !host.is_empty())
}

/// The URL of a submodule that is written as `url` in the repository at `parent`. Ways over SSH become
/// the way to the repository itself on its server, and HTTPS on others, for which there is no key.
fn resolve(url: &str, parent: &str, remote: &Remote) -> Option<String> {
    parent.split_once("://")?;
    if url.starts_with("./") || url.starts_with("../") {
        return relative(url, parent);
    }
    let (authority, path) = if let Some(rest) = url.strip_prefix("ssh://") {
        rest.split_once('/')?
    } else if !url.contains("://")
        && let Some((host, path)) = url.split_once(':')
    {
        (host, path.trim_start_matches('/'))
    } else {
        return Some(url.to_owned());
    };
    let host = without_user(authority);
    let name =
        |host: &str| host.split_once(':').map_or(host, |(name, _)| name).to_ascii_lowercase();
    let of_server = |server: &str| {
        let (_, authority) = server.split_once("://")?;
        (name(without_user(authority)) == name(host)).then(|| format!("{server}/{path}"))
    };
    let by_ssh = remote.ssh().and_then(|ssh| of_server(&ssh.server));
    let by_http = || of_server(remote.server.as_deref()?);
    Some(by_ssh.or_else(by_http).unwrap_or_else(|| format!("https://{}/{path}", name(host))))
}

fn without_user(authority: &str) -> &str {
    authority.split_once('@').map_or(authority, |(_, host)| host)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn remote() -> Remote {
        Remote::new("https://git.example/octo/app.git", "t")
    }

    #[test]
    fn urls_of_submodules_are_those_of_the_repositorys_server() {
        let of = |url: &str| resolve(url, "https://git.example/octo/app.git", &remote());
        let library = Some("https://git.example/octo/lib.git".to_owned());
        for url in [
            "../lib.git",
            "./../lib.git",
            "git@git.example:octo/lib.git",
            "ssh://git@git.example/octo/lib.git",
            "ssh://git@GIT.example:2222/octo/lib.git",
            "https://git.example/octo/lib.git",
        ] {
            assert_eq!(of(url), library, "{url}");
        }
        assert_eq!(of("../../../../../../x"), None);
        assert_eq!(resolve("../lib", "/srv/git/app", &remote()), None);
        assert_eq!(of("git@other.example:o/r").as_deref(), Some("https://other.example/o/r"));
    }

    #[test]
    fn with_a_key_the_repositorys_server_is_reached_by_ssh() {
        let remote =
            remote().over_ssh("ssh://git@git.example:22/octo/app".to_owned(), String::new());
        let of = |url: &str| resolve(url, &remote.url, &remote);
        let library = Some("ssh://git@git.example:22/octo/lib".to_owned());
        for url in ["../lib", "git@git.example:octo/lib", "ssh://git.example/octo/lib"] {
            assert_eq!(of(url), library, "{url}");
            assert!(remote.is_own(&of(url).unwrap()));
        }
        assert!(remote.is_own("https://git.example/octo/lib"));
    }

    #[test]
    fn other_servers_and_this_machine_are_elsewhere() {
        assert!(remote().is_own("https://GIT.example/other/lib"));
        for url in [
            "https://evil.example/lib",
            "http://git.example/lib",
            "https://git.example@evil.example/lib",
            "/etc/passwd",
            "file:///srv/git/secret",
            "https://git.example.evil/lib",
        ] {
            assert!(!remote().is_own(url), "{url}");
        }
        assert!(!Remote::new("file:///a", "").is_own("file:///b"));
    }
}
