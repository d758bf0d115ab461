//! What git tells about the repository around a file.
//!
//! Reads only. Invariant: outside of a repository there are answers, too, and nothing fails.

use std::path::{Path, PathBuf};

use gantry_server::deliveries::github_payload::PushedCommit;

use crate::cli::git_facts::{PushFacts, git};

/// A repository of this machine, or what stands in for one.
#[derive(Debug)]
pub(in crate::cli) struct LocalRepository {
    /// Absent outside of a repository.
    pub(in crate::cli) top: Option<PathBuf>,
    /// `owner/name`, after the remote `origin`.
    pub(in crate::cli) full_name: String,
    pub(super) default_branch: String,
    /// Full name of the branch that is checked out; of the default branch when none is.
    pub(super) checked_out: String,
    /// Absent when there is no commit yet.
    pub(in crate::cli) head_sha: Option<String>,
    /// Who runs the command.
    pub(super) user: String,
}

impl LocalRepository {
    pub(in crate::cli) fn around(file: &Path) -> anyhow::Result<Self> {
        let file = std::path::absolute(file)?;
        let folder = file.parent().unwrap_or(&file).to_path_buf();
        let ask = |arguments: &[&str]| {
            let answer = git(&folder, arguments).ok()?.trim().to_owned();
            Some(answer).filter(|answer| !answer.is_empty())
        };
        let top = ask(&["rev-parse", "--show-toplevel"]).map(PathBuf::from);
        let checked_out = ask(&["symbolic-ref", "-q", "HEAD"]);
        let default_branch = default_branch(&ask, checked_out.as_deref());
        let name = top.as_deref().and_then(Path::file_name).map(|it| it.to_string_lossy());
        let name = name.unwrap_or("repository".into());
        let remote = ask(&["remote", "get-url", "origin"]);
        Ok(Self {
            full_name: remote
                .and_then(|url| name_in_url(&url))
                .unwrap_or_else(|| format!("local/{name}")),
            checked_out: checked_out.unwrap_or_else(|| format!("refs/heads/{default_branch}")),
            head_sha: ask(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]),
            user: ask(&["config", "user.name"]).map_or("octocat".into(), |it| it.replace(' ', "-")),
            default_branch,
            top,
        })
    }

    /// The path of a file from the top of the repository, as GitHub names it.
    pub(in crate::cli) fn path_of(&self, file: &Path) -> String {
        let inside = file.canonicalize().ok().and_then(|file| {
            let top = self.top.as_deref()?.canonicalize().ok()?;
            Some(file.strip_prefix(top).ok()?.display().to_string())
        });
        inside.unwrap_or_else(|| file.display().to_string())
    }

    /// The full name of a branch or a tag; of a branch when there is neither.
    pub(super) fn full_ref(&self, name: &str) -> String {
        let is_tag = || self.has(&format!("refs/tags/{name}"));
        if name.starts_with("refs/") {
            return name.to_owned();
        }
        let branch = format!("refs/heads/{name}");
        match !self.has(&branch) && is_tag() {
            true => format!("refs/tags/{name}"),
            false => branch,
        }
    }

    /// The push of the newest commit of a ref; of the commit that is checked out when there is no
    /// such ref.
    pub(super) fn push_of(&self, git_ref: &str) -> Option<PushFacts> {
        let top = self.top.as_deref()?;
        PushFacts::collect(top, git_ref, None).ok().or_else(|| {
            let facts = PushFacts::collect(top, &self.checked_out, None).ok()?;
            Some(PushFacts { git_ref: git_ref.to_owned(), ..facts })
        })
    }

    /// The commit of a ref; the one that is checked out when there is no such ref.
    pub(super) fn sha_of(&self, git_ref: &str) -> Option<String> {
        let revision = format!("{git_ref}^{{commit}}");
        let arguments = ["rev-parse", "--verify", "--quiet", "--end-of-options", &revision];
        let found = git(self.top.as_deref()?, &arguments).ok().map(|sha| sha.trim().to_owned());
        found.or_else(|| self.head_sha.clone())
    }

    /// The files that differ between a commit and where it left another one.
    pub(super) fn changed_between(&self, base: &str, head: &str) -> Option<Vec<String>> {
        let range = format!("{base}...{head}");
        let arguments = ["diff", "--name-only", "-z", "--no-renames", &range, "--"];
        let list = git(self.top.as_deref()?, &arguments).ok()?;
        Some(list.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
    }

    fn has(&self, full_ref: &str) -> bool {
        let Some(top) = &self.top else { return false };
        git(top, &["show-ref", "--verify", "--quiet", full_ref]).is_ok()
    }
}

/// The files that commits touch, each once.
pub(super) fn files_of(commits: &[PushedCommit]) -> Vec<String> {
    let lists =
        commits.iter().flat_map(|commit| [&commit.added, &commit.removed, &commit.modified]);
    let mut files: Vec<String> = lists.flatten().cloned().collect();
    files.sort();
    files.dedup();
    files
}

/// The remote's, else `main` or `master`, else the one that is checked out.
fn default_branch(ask: &dyn Fn(&[&str]) -> Option<String>, checked_out: Option<&str>) -> String {
    let of_remote = ask(&["symbolic-ref", "-q", "--short", "refs/remotes/origin/HEAD"]);
    let of_remote = of_remote.and_then(|name| Some(name.strip_prefix("origin/")?.to_owned()));
    let exists = |name: &&str| {
        ask(&["rev-parse", "--verify", "--quiet", &format!("refs/heads/{name}")]).is_some()
    };
    let usual = || ["main", "master"].iter().find(|name| exists(name)).map(|it| (*it).to_owned());
    let current = || Some(checked_out?.strip_prefix("refs/heads/")?.to_owned());
    of_remote.or_else(usual).or_else(current).unwrap_or_else(|| "main".to_owned())
}

/// `owner/name` in `https://github.com/owner/name.git` or `git@github.com:owner/name`.
fn name_in_url(url: &str) -> Option<String> {
    let (_, path) = url
        .split_once("://")
        .and_then(|(_, rest)| rest.split_once('/'))
        .or_else(|| url.split_once(':'))?;
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let (owner, name) = path.rsplit_once('/')?;
    let owner = owner.rsplit('/').next()?;
    Some(format!("{owner}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_repository_is_the_end_of_its_url() {
        let cases = [
            ("https://github.com/acme/app.git", Some("acme/app")),
            ("https://github.com/acme/app", Some("acme/app")),
            ("git@github.com:acme/app.git", Some("acme/app")),
            ("ssh://git@example.com:22/acme/app/", Some("acme/app")),
            ("/srv/app.git", None),
            ("", None),
        ];
        for (url, expected) in cases {
            assert_eq!(name_in_url(url).as_deref(), expected, "{url}");
        }
    }
}
