//! `cargo xtask deny`: `deny.toml` held against every dependency.
//!
//! Asks no advisory database, which is not a package registry; see `deny.toml` for what is checked.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::command::{output, run, say};
use crate::{root, target_dir};

/// The version whose rules `deny.toml` is written for.
const VERSION: &str = "0.20.2";

/// Checks bans, licenses and sources; installs cargo-deny into the target folder first.
pub(crate) fn check() -> Result<()> {
    let program = installed()?;
    run(Command::new(program)
        .args(["--log-level", "error", "check", "bans", "licenses", "sources"])
        .current_dir(root()))
}

fn installed() -> Result<PathBuf> {
    let tools = target_dir().join("tools");
    let program = tools.join("bin/cargo-deny");
    let is_current = output(Command::new(&program).arg("--version"))
        .is_ok_and(|version| version == format!("cargo-deny {VERSION}"));
    if !is_current {
        say(&format!("missing: cargo-deny {VERSION} - it checks the dependencies"));
        run(Command::new("cargo")
            .args(["install", "--quiet", "--locked", "--version", VERSION, "cargo-deny", "--root"])
            .arg(&tools)
            .current_dir(std::env::temp_dir()))?;
    }
    Ok(program)
}
