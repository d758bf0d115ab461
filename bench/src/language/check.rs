//! `gantry check` on a repository of 50 workflows, as a whole process.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::peers;
use super::table::{Goal, Table};

const N_WORKFLOWS: usize = 50;
const N_RUNS: usize = 41;

pub(super) fn measure(table: &mut Table) -> Result<()> {
    let program = program()?;
    let repository = repository()?;
    let (mut figures, mut floors) = (Vec::new(), Vec::new());
    for run in 0..=N_RUNS {
        let floor = time(Command::new(&program).arg("--version"))?;
        let figure = time(Command::new(&program).arg("check").current_dir(repository.path()))?;
        // The first one reads the program from the disk.
        if run > 0 {
            floors.push(milliseconds(floor));
            figures.push(milliseconds(figure));
        }
    }
    table.add(
        &format!("milliseconds for {N_WORKFLOWS} workflows, as a whole process"),
        &["gantry check", "gantry --version"],
        &[figures, floors],
        &[Goal::AtMost(30.0), Goal::None],
    );
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "`cargo xtask bench` says where the program is")]
fn program() -> Result<PathBuf> {
    std::env::var_os("TEST_GANTRY_BIN").map(PathBuf::from).context("TEST_GANTRY_BIN is not set")
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn time(command: &mut Command) -> Result<Duration> {
    let started = Instant::now();
    let status = command.stdout(Stdio::null()).status()?;
    let elapsed = started.elapsed();
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(elapsed)
}

/// A git repository with the benchmark's workflows, each several times.
fn repository() -> Result<tempfile::TempDir> {
    let directory = tempfile::tempdir()?;
    let folder = directory.path().join(".github/workflows");
    std::fs::create_dir_all(&folder)?;
    let files = peers::workflow_files()?;
    for (number, file) in files.iter().cycle().take(N_WORKFLOWS).enumerate() {
        std::fs::copy(file, folder.join(format!("{number:02}.yml")))?;
    }
    git(directory.path(), &["init", "-q"])?;
    git(directory.path(), &["add", "."])?;
    Ok(directory)
}

fn git(directory: &Path, arguments: &[&str]) -> Result<()> {
    let status = Command::new("git").arg("-C").arg(directory).args(arguments).status()?;
    ensure!(status.success(), "git {arguments:?}");
    Ok(())
}
