//! A git repository made for one test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

/// A repository with a `main` branch. Removed when dropped.
#[derive(Debug)]
pub struct TestRepository {
    folder: TempDir,
}

impl TestRepository {
    /// A repository with one commit that holds `files` (path and text).
    pub fn create(files: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("gantry-test-repo-").tempdir()?;
        let repository = Self { folder };
        repository.git(&["init", "--quiet", "--initial-branch=main"])?;
        repository.commit(files)?;
        Ok(repository)
    }

    /// A repository with a copy of `folder`.
    pub fn copy_of(folder: &Path) -> Result<Self> {
        let copy = tempfile::Builder::new().prefix("gantry-test-repo-").tempdir()?;
        let script = "git ls-files -z --cached --others --exclude-standard . \
                      | tar --null --files-from=- --create | tar --extract --directory \"$1\"";
        let status = Command::new("sh")
            .args(["-c", script, "sh"])
            .arg(copy.path())
            .current_dir(folder)
            .status()?;
        if !status.success() {
            bail!("copying {}: {status}", folder.display());
        }
        let repository = Self { folder: copy };
        repository.git(&["init", "--quiet", "--initial-branch=main"])?;
        repository.commit(&[])?;
        Ok(repository)
    }

    /// Writes `files`, commits everything, and returns the new commit.
    pub fn commit(&self, files: &[(&str, &str)]) -> Result<String> {
        for (path, text) in files {
            let path = self.path().join(path);
            fs::create_dir_all(path.parent().context("a file at the root")?)?;
            fs::write(path, text)?;
        }
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "Change things"])?;
        self.head()
    }

    pub fn head(&self) -> Result<String> {
        self.git(&["rev-parse", "HEAD"])
    }

    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.path().to_path_buf()
    }

    /// Runs git in the repository and returns what it prints.
    pub fn git(&self, arguments: &[&str]) -> Result<String> {
        let output = Command::new("git")
            .arg("-C")
            .arg(self.folder.path())
            .args(["-c", "user.name=Tess", "-c", "user.email=tess@example.com"])
            .args(arguments)
            .output()
            .context("starting git")?;
        if !output.status.success() {
            bail!("git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}
