//! The working tree as a commit that exists nowhere but in a directory of ours.
//!
//! The user's repository is read and never written: new objects, the index and the refs live in the
//! snapshot, which borrows the objects that are there already. Invariant: what git would add is in
//! the commit, ignored files are not.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use tempfile::TempDir;

/// Author of the commit; nobody sees it but the jobs.
const IDENTITY: &str = "gantry";

/// A bare repository with one commit more than the user's.
#[derive(Debug)]
pub(super) struct Snapshot {
    directory: TempDir,
    /// The commit of the working tree; `HEAD` itself when nothing was changed.
    pub(super) sha: String,
}

impl Snapshot {
    /// Takes the working tree at `root`, the top folder of a repository.
    pub(super) fn take(root: &Path) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir().context("making a directory for the snapshot")?;
        let git = Git { root, bare: directory.path().join("snapshot.git") };
        git.make_bare()?;
        let git_ref = git.branch();
        let head = git.own(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]).ok();
        let sha = git.commit(head.as_deref())?;
        git.bare(&["update-ref", &git_ref, &sha])?;
        git.bare(&["symbolic-ref", "HEAD", &git_ref])?;
        Ok(Self { directory, sha })
    }

    /// Makes a ref of the event lead to the commit, too.
    pub(super) fn point(&self, git_ref: &str) -> anyhow::Result<()> {
        if git_ref.starts_with("refs/") {
            let bare = self.directory.path().join("snapshot.git");
            let arguments = ["update-ref", git_ref, &self.sha];
            run(Command::new("git").arg("--git-dir").arg(bare).args(arguments))?;
        }
        Ok(())
    }

    /// Where to clone it from.
    pub(super) fn url(&self) -> String {
        format!("file://{}", self.directory.path().join("snapshot.git").display())
    }
}

/// git in the user's repository, and in the snapshot that borrows from it.
struct Git<'a> {
    root: &'a Path,
    bare: PathBuf,
}

impl Git<'_> {
    fn make_bare(&self) -> anyhow::Result<()> {
        let objects =
            self.own(&["rev-parse", "--path-format=absolute", "--git-path", "objects"])?;
        let bare = self.bare.to_string_lossy().into_owned();
        run(Command::new("git").args(["init", "--quiet", "--bare", &bare]))?;
        let alternates = self.bare.join("objects/info/alternates");
        std::fs::write(&alternates, format!("{objects}\n"))
            .with_context(|| format!("writing {}", alternates.display()))
    }

    /// The branch that is checked out; for a detached head, one that is called so.
    fn branch(&self) -> String {
        self.own(&["symbolic-ref", "--quiet", "HEAD"])
            .unwrap_or_else(|_| "refs/heads/detached".to_owned())
    }

    /// The working tree as a commit on top of `head`.
    fn commit(&self, head: Option<&str>) -> anyhow::Result<String> {
        if let Some(head) = head {
            self.tree(&["read-tree", head])?;
        }
        self.tree(&["add", "--all"])?;
        let tree = self.tree(&["write-tree"])?;
        let Some(head) = head else {
            return self.tree(&["commit-tree", "-m", "The working tree", &tree]);
        };
        if self.own(&["rev-parse", "--verify", &format!("{head}^{{tree}}")])? == tree {
            return Ok(head.to_owned());
        }
        self.tree(&["commit-tree", "-p", head, "-m", "The working tree", &tree])
    }

    /// Reads in the user's repository.
    fn own(&self, arguments: &[&str]) -> anyhow::Result<String> {
        run(Command::new("git").arg("-C").arg(self.root).args(arguments))
    }

    /// Works on the user's files with the snapshot's objects and index.
    fn tree(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = Command::new("git");
        command.arg("--git-dir").arg(&self.bare).arg("--work-tree").arg(self.root);
        command.args(["-c", "core.bare=false", "-c", "core.hooksPath=/dev/null"]);
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), IDENTITY);
            command.env(format!("GIT_{role}_EMAIL"), "gantry@localhost");
        }
        run(command.args(arguments).current_dir(self.root))
    }

    fn bare(&self, arguments: &[&str]) -> anyhow::Result<String> {
        run(Command::new("git").arg("--git-dir").arg(&self.bare).args(arguments))
    }
}

fn run(command: &mut Command) -> anyhow::Result<String> {
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"] {
        command.env_remove(variable);
    }
    let output = command.env("LC_ALL", "C").output().context("running git; is it installed?")?;
    if !output.status.success() {
        bail!("git: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn git(root: &Path, arguments: &[&str]) -> String {
        let identity = ["-c", "user.name=Mona", "-c", "user.email=mona@example.com"];
        run(Command::new("git").arg("-C").arg(root).args(identity).args(arguments))
            .expect("git ran")
    }

    fn repository() -> TempDir {
        let directory = tempfile::tempdir().expect("a directory");
        git(directory.path(), &["init", "-q", "-b", "topic"]);
        fs::write(directory.path().join(".gitignore"), "ignored\n").expect("written");
        fs::write(directory.path().join("file"), "committed\n").expect("written");
        directory
    }

    fn files(snapshot: &Snapshot) -> String {
        let bare = snapshot.url();
        let bare = Path::new(bare.strip_prefix("file://").expect("a path"));
        git(bare, &["ls-tree", "-r", "--name-only", &snapshot.sha])
    }

    #[test]
    fn changed_and_new_files_are_in_it_and_ignored_ones_are_not() {
        let repository = repository();
        let root = repository.path();
        git(root, &["add", "."]);
        git(root, &["commit", "-q", "-m", "one"]);
        fs::write(root.join("file"), "changed\n").expect("written");
        fs::write(root.join("new"), "new\n").expect("written");
        fs::write(root.join("ignored"), "secret\n").expect("written");
        let before = git(root, &["status", "--porcelain"]);
        let objects = git(root, &["count-objects", "-v"]);
        let snapshot = Snapshot::take(root).expect("taken");
        assert_eq!(files(&snapshot), ".gitignore\nfile\nnew");
        // The user's repository is as it was.
        assert_eq!(git(root, &["status", "--porcelain"]), before);
        assert_eq!(git(root, &["count-objects", "-v"]), objects);
        let clone = tempfile::tempdir().expect("a directory");
        git(clone.path(), &["clone", "-q", &snapshot.url(), "."]);
        assert_eq!(git(clone.path(), &["symbolic-ref", "HEAD"]), "refs/heads/topic");
        assert_eq!(fs::read_to_string(clone.path().join("file")).expect("a file"), "changed\n");
    }

    #[test]
    fn a_clean_tree_is_its_own_commit() {
        let repository = repository();
        git(repository.path(), &["add", "."]);
        git(repository.path(), &["commit", "-q", "-m", "one"]);
        let snapshot = Snapshot::take(repository.path()).expect("taken");
        assert_eq!(snapshot.sha, git(repository.path(), &["rev-parse", "HEAD"]));
    }

    #[test]
    fn a_repository_without_a_commit_will_do() {
        let repository = repository();
        let snapshot = Snapshot::take(repository.path()).expect("taken");
        assert_eq!(files(&snapshot), ".gitignore\nfile");
    }
}
