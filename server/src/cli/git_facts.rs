//! What git knows about a push.
//!
//! Reads only. Invariant: nothing the caller names can become an option of git.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use gantry_server::deliveries::github_payload::{MAX_COMMITS, Person, PushedCommit, ZERO_SHA};

/// Separates the fields of a commit; git puts no zero bytes into them.
const FIELDS: &str = "--format=%x01%H%x00%T%x00%an%x00%ae%x00%cn%x00%ce%x00%cI%x00%B%x00";

/// A push of `git_ref` from `before` to `after`.
#[derive(Debug)]
pub(super) struct PushFacts {
    pub(super) git_ref: String,
    pub(super) before: String,
    pub(super) after: String,
    pub(super) forced: bool,
    pub(super) commits: Vec<PushedCommit>,
}

impl PushFacts {
    /// Without `before`, the push of the newest commit alone.
    pub(super) fn collect(path: &Path, name: &str, before: Option<&str>) -> anyhow::Result<Self> {
        let git_ref = full_ref(path, name)?;
        let after = commit_of(path, &git_ref)?;
        let before = match before {
            Some(sha) if sha == ZERO_SHA => ZERO_SHA.to_owned(),
            Some(sha) => commit_of(path, sha)?,
            None => commit_of(path, &format!("{after}^")).unwrap_or_else(|_| ZERO_SHA.to_owned()),
        };
        let is_new = before == ZERO_SHA;
        let forced =
            !is_new && git(path, &["merge-base", "--is-ancestor", &before, &after]).is_err();
        let range = if is_new { after.clone() } else { format!("{before}..{after}") };
        let commits = commits(path, &range)?;
        Ok(Self { git_ref, before, after, forced, commits })
    }
}

/// `refs/heads/main` for `main`, `refs/tags/v1` for `v1`.
fn full_ref(path: &Path, name: &str) -> anyhow::Result<String> {
    let candidates = match name.starts_with("refs/") {
        true => vec![name.to_owned()],
        false => vec![format!("refs/heads/{name}"), format!("refs/tags/{name}")],
    };
    candidates
        .into_iter()
        .find(|full| git(path, &["show-ref", "--verify", "--quiet", full]).is_ok())
        .with_context(|| format!("{} has no branch or tag `{name}`", path.display()))
}

fn commit_of(path: &Path, revision: &str) -> anyhow::Result<String> {
    let peeled = format!("{revision}^{{commit}}");
    git(path, &["rev-parse", "--verify", "--quiet", "--end-of-options", &peeled])
        .map(|sha| sha.trim().to_owned())
        .with_context(|| format!("{} has no commit `{revision}`", path.display()))
}

/// From the oldest to the newest.
fn commits(path: &Path, range: &str) -> anyhow::Result<Vec<PushedCommit>> {
    let limit = format!("--max-count={MAX_COMMITS}");
    let log = ["log", "--no-renames", "--name-status", "-z", FIELDS, &limit, range, "--"];
    let text = git(path, &log).context("reading the commits of the push")?;
    let mut commits: Vec<_> = text
        .split('\u{1}')
        .skip(1)
        .map(parse_commit)
        .collect::<Option<_>>()
        .context("git described a commit in an unexpected form")?;
    commits.reverse();
    Ok(commits)
}

/// One commit and the paths it changed, as [`FIELDS`] and `--name-status -z` write them.
fn parse_commit(text: &str) -> Option<PushedCommit> {
    let mut fields = text.split('\0');
    let mut next = || fields.next().map(str::to_owned);
    let mut commit = PushedCommit {
        id: next()?,
        tree_id: next()?,
        author: Person { name: next()?, email: next()? },
        committer: Person { name: next()?, email: next()? },
        timestamp: next()?,
        message: next()?.trim_end().to_owned(),
        ..PushedCommit::default()
    };
    let mut changes =
        fields.map(|field| field.trim_start_matches('\n')).filter(|it| !it.is_empty());
    while let (Some(status), Some(path)) = (changes.next(), changes.next()) {
        let list = match status {
            "A" => &mut commit.added,
            "D" => &mut commit.removed,
            _ => &mut commit.modified,
        };
        list.push(path.to_owned());
    }
    Some(commit)
}

/// What git prints; an error with what it complains about.
pub(super) fn git(path: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(path)
        .args(["-c", "safe.directory=*"])
        .args(arguments)
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env("LC_ALL", "C")
        .output()
        .context("running git; is it installed?")?;
    if !output.status.success() {
        bail!("git: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository() -> tempfile::TempDir {
        let directory = tempfile::tempdir().expect("a directory");
        let run = |arguments: &[&str]| {
            let mut all = vec!["-c", "user.name=Mona", "-c", "user.email=mona@example.com"];
            all.extend(arguments);
            git(directory.path(), &all).expect("git ran");
        };
        let write = |name: &str, text: &str| {
            std::fs::write(directory.path().join(name), text).expect("a file");
        };
        run(&["init", "-q", "-b", "main"]);
        write("old", "1");
        write("kept", "1");
        run(&["add", "."]);
        run(&["commit", "-q", "-m", "one"]);
        std::fs::remove_file(directory.path().join("old")).expect("removed");
        write("kept", "2");
        write("näw file", "1");
        run(&["add", "."]);
        run(&["commit", "-q", "-m", "two\n\nBecause."]);
        directory
    }

    #[test]
    fn the_newest_commit_is_pushed_with_its_paths() {
        let repository = repository();
        let facts = PushFacts::collect(repository.path(), "main", None).expect("facts");
        assert_eq!(facts.git_ref, "refs/heads/main");
        assert!(!facts.forced);
        let [commit] = facts.commits.as_slice() else { panic!("{facts:?}") };
        assert_eq!(commit.id, facts.after);
        assert_eq!(commit.message, "two\n\nBecause.");
        assert_eq!(commit.author.email, "mona@example.com");
        assert_eq!(commit.added, ["näw file"]);
        assert_eq!(commit.removed, ["old"]);
        assert_eq!(commit.modified, ["kept"]);
    }

    #[test]
    fn a_new_branch_brings_all_its_commits_from_the_oldest() {
        let repository = repository();
        let facts = PushFacts::collect(repository.path(), "main", Some(ZERO_SHA)).expect("facts");
        let messages: Vec<_> = facts.commits.iter().map(|it| it.message.as_str()).collect();
        assert_eq!(messages, ["one", "two\n\nBecause."]);
        assert_eq!(facts.commits[0].added, ["kept", "old"]);
    }

    #[test]
    fn names_cannot_become_options() {
        let repository = repository();
        for name in ["--output=x", "-h", "nothing"] {
            let message =
                PushFacts::collect(repository.path(), name, None).expect_err("refused").to_string();
            assert!(message.contains("no branch or tag"), "{message}");
        }
    }
}
