//! The Docker engine: whether it answers, and starting one where none does.

use std::fs::File;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::command::{say, succeeds};
use crate::setup::as_root;

/// How long a fresh engine may take to answer.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Whether an engine answers the docker command.
pub(crate) fn answers() -> bool {
    succeeds(Command::new("docker").args(["version", "--format", "{{.Server.Version}}"]))
}

/// Starts `dockerd` when no engine answers, and says so. It stays after we have ended.
pub(crate) fn ensure_running() -> Result<()> {
    if answers() {
        return Ok(());
    }
    let log_path = std::env::temp_dir().join("gantry-dockerd.log");
    say(&format!(
        "no Docker engine answers: starting dockerd (its output: {})",
        log_path.display()
    ));
    let log =
        File::create(&log_path).with_context(|| format!("creating {}", log_path.display()))?;
    let mut child = as_root(&["setsid", "dockerd"])?
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("starting dockerd")?;
    let started = Instant::now();
    while !answers() {
        if let Some(status) = child.try_wait()? {
            bail!("dockerd ended with {status}; see {}", log_path.display());
        }
        if started.elapsed() > START_LIMIT {
            bail!("dockerd does not answer after 60 s; see {}", log_path.display());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}
