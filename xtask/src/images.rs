//! The container images that demo and tests use, built by `images/build.sh` when not current.

use anyhow::Result;

use crate::command;
use crate::setup::{self, Install, as_root};
use crate::{engine, root};

/// Builds every image of `images/` that is missing or older than its recipe.
pub(crate) fn run_build() -> Result<()> {
    let script = root().join("images/build.sh");
    // Root, because mmdebstrap makes files of many owners.
    command::run(&mut as_root(&["bash", &script.to_string_lossy(), "all"])?)
}

/// `cargo xtask images`.
pub(crate) fn run(install: &Install) -> Result<()> {
    setup::require(install, &[setup::ENGINE, setup::ENGINE_CLIENT, setup::BOOTSTRAP])?;
    engine::ensure_running(install)?;
    run_build()
}
