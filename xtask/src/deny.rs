//! `cargo xtask deny`: `deny.toml` held against every dependency.
//!
//! Asks no advisory database, which is not a package registry; see `deny.toml` for what is checked.

use std::process::Command;

use anyhow::Result;

use crate::command::run;
use crate::root;
use crate::setup::Install;
use crate::tools::Tool;

/// In the version whose rules `deny.toml` is written for.
const CARGO_DENY: Tool =
    Tool { name: "cargo-deny", version: "0.20.2", why: "checks the dependencies" };

/// Checks bans, licenses and sources.
pub(crate) fn check(install: &Install) -> Result<()> {
    run(Command::new(CARGO_DENY.program(install)?)
        .args(["--log-level", "error", "check", "bans", "licenses", "sources"])
        .current_dir(root()))
}
