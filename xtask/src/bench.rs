//! `cargo xtask bench`: builds the benchmarks with the release profile and runs them.

use std::process::Command;

use anyhow::Result;

use crate::setup::Install;
use crate::{command, engine, images, root, setup};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Names of benchmarks; all when none is given.
    names: Vec<String>,
}

/// Builds what is measured, then hands over to the benchmark program.
pub(crate) fn run(install: &Install, arguments: &Arguments) -> Result<()> {
    setup::require(
        install,
        &[setup::COMPILER, setup::GIT, setup::POSTGRES, setup::ENGINE, setup::BOOTSTRAP],
    )?;
    engine::ensure_running()?;
    images::run_build()?;
    let build =
        ["build", "--release", "-p", "gantry-server", "-p", "gantry-runner", "-p", "gantry-bench"];
    command::run(Command::new("cargo").args(build).current_dir(root()))?;
    let program = crate::target_dir().join("release/gantry-bench");
    let server = crate::target_dir().join("release/gantry");
    let mut bench = Command::new(program);
    command::run(bench.env("TEST_GANTRY_BIN", server).args(&arguments.names).current_dir(root()))
}
