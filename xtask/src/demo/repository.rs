//! A fresh git repository with the example's files.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::command::output;
use crate::root;

/// The repository the demo pushes to.
#[derive(Debug)]
pub(super) struct Repository {
    path: PathBuf,
    sha: String,
}

impl Repository {
    /// Copies what git knows of `example` to `path` and commits it on `main`.
    pub(super) fn create(example: &Path, path: &Path) -> Result<Self> {
        let copy = "mkdir -p \"$2\" && git ls-files -z --cached --others --exclude-standard . \
                    | tar --null --files-from=- --create | tar --extract --directory \"$2\"";
        output(
            Command::new("sh").args(["-c", copy, "sh"]).arg(root()).arg(path).current_dir(example),
        )?;
        git(path, &["init", "--quiet", "--initial-branch=main"])?;
        git(path, &["add", "--all"])?;
        let commit = ["commit", "--quiet", "--message", "Publish jobs and apply to them"];
        git(path, &commit)?;
        let sha = git(path, &["rev-parse", "HEAD"])?;
        Ok(Self { path: path.to_path_buf(), sha })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn short_sha(&self) -> &str {
        self.sha.get(..7).unwrap_or(&self.sha)
    }
}

fn git(path: &Path, arguments: &[&str]) -> Result<String> {
    output(
        Command::new("git")
            .arg("-C")
            .arg(path)
            .args(["-c", "user.name=HotGigs", "-c", "user.email=dev@hotgigs.example"])
            .args(["-c", "commit.gpgsign=false"])
            .args(arguments),
    )
}
