//! `cargo xtask schemathesis`: the fuzzer that reads the server's description of its own API.
//!
//! It goes into an environment of its own in the target folder and leaves the machine as it is.

use std::process::Command;

use anyhow::{Result, bail};

use crate::command::{output, run, say};
use crate::setup::{self, Install};
use crate::target_dir;

const VERSION: &str = "4.32.5";

/// Installs it unless it is there.
pub(crate) fn ensure(install: &Install) -> Result<()> {
    let place = target_dir().join("tools/schemathesis");
    let current = output(Command::new(place.join("bin/st")).arg("--version"));
    if current.is_ok_and(|answer| answer.ends_with(VERSION)) {
        return Ok(());
    }
    say(&format!("missing: schemathesis {VERSION} - it sends odd requests to the server"));
    if !install.allowed {
        bail!("nothing is installed with --no-install; install schemathesis {VERSION}");
    }
    setup::require(install, &[setup::PYTHON])?;
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&place))?;
    let package = format!("schemathesis=={VERSION}");
    run(Command::new(place.join("bin/pip")).args(["install", "--quiet", &package]))
}
