//! Cargo's additional commands, each in the version that the project is written for.
//!
//! They go into the target folder and leave the machine as it is.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::command::{output, run, say};
use crate::setup::Install;
use crate::target_dir;

/// A command from the registry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) why: &'static str,
}

impl Tool {
    /// Where its program is; it is installed first if it is not there.
    pub(crate) fn program(self, install: &Install) -> Result<PathBuf> {
        let Self { name, version, why } = self;
        let tools = target_dir().join("tools");
        let program = tools.join("bin").join(name);
        let is_current = output(Command::new(&program).arg("--version"))
            .is_ok_and(|answer| answer == format!("{name} {version}"));
        if is_current {
            return Ok(program);
        }
        say(&format!("missing: {name} {version} - it {why}"));
        if !install.allowed {
            bail!("nothing is installed with --no-install; install {name} {version}");
        }
        run(Command::new("cargo")
            .args(["install", "--quiet", "--locked", "--version", version, name, "--root"])
            .arg(&tools)
            .current_dir(std::env::temp_dir()))?;
        Ok(program)
    }
}
