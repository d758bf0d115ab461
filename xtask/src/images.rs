//! The container images that demo and tests use, built by `images/build.sh` when not current.

use std::process::Command;

use anyhow::Result;

use crate::command;
use crate::setup::{self, Install};
use crate::{engine, root};

/// Builds every image of `images/` that is missing or older than its recipe.
pub(crate) fn run_build() -> Result<()> {
    command::run(Command::new("bash").arg(root().join("images/build.sh")).arg("all"))
}

/// `cargo xtask images`.
pub(crate) fn run(install: &Install) -> Result<()> {
    setup::require(install, &[setup::ENGINE, setup::ENGINE_CLIENT, setup::BOOTSTRAP])?;
    engine::ensure_running()?;
    run_build()
}
