//! `cargo xtask bench`: builds the benchmarks with the release profile and runs them.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::setup::Install;
use crate::{command, engine, images, root, setup, web};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Names of benchmarks; all when none is given.
    names: Vec<String>,
}

/// The benchmark that needs no engine and no image, but peers to measure against.
const LANGUAGE: &str = "language";

/// Those that need PostgreSQL and no engine.
const OF_THE_INBOX: [&str; 2] = ["ingest", "storm"];

/// The benchmark that opens a page.
const LONG_LOG: &str = "long-log";

/// Builds what is measured, then hands over to the benchmark program.
pub(crate) fn run(install: &Install, arguments: &Arguments) -> Result<()> {
    let is_wanted =
        |name: &str| arguments.names.is_empty() || arguments.names.iter().any(|it| it == name);
    setup::require(install, &[setup::COMPILER, setup::GIT])?;
    if OF_THE_INBOX.into_iter().any(is_wanted) {
        setup::require(install, &[setup::POSTGRES])?;
    }
    let needs_engine = |name: &String| name != LANGUAGE && !OF_THE_INBOX.contains(&name.as_str());
    if arguments.names.iter().any(needs_engine) || arguments.names.is_empty() {
        setup::require(install, &[setup::POSTGRES, setup::ENGINE, setup::BOOTSTRAP])?;
        engine::ensure_running(install)?;
        images::run_build()?;
    }
    if is_wanted(LONG_LOG) {
        setup::require(install, &[setup::NODE, setup::CHROMIUM])?;
        web::build()?;
        web::install(&root().join("tests/browser"))?;
    }
    let peers = if is_wanted(LANGUAGE) { Some(build_peers(install)?) } else { None };
    let build =
        ["build", "--release", "-p", "gantry-server", "-p", "gantry-runner", "-p", "gantry-bench"];
    command::run(Command::new("cargo").args(build).current_dir(root()))?;
    let release = crate::target_dir().join("release");
    let mut bench = Command::new(release.join("gantry-bench"));
    bench.env("TEST_GANTRY_BIN", release.join("gantry"));
    bench.envs(peers.map(|program| ("BENCH_WRKFLW_BIN", program)));
    command::run(bench.args(&arguments.names).current_dir(root()))
}

/// The npm packages, and the program around wrkflw; its path.
fn build_peers(install: &Install) -> Result<PathBuf> {
    setup::require(install, &[setup::NODE])?;
    let folder = root().join("bench/peers");
    web::install(&folder)?;
    let target = crate::target_dir().join("peers");
    let mut build = Command::new("cargo");
    build.args(["build", "--release", "--locked", "--target-dir"]).arg(&target);
    command::run(build.current_dir(folder.join("wrkflw")))?;
    Ok(target.join("release/gantry-bench-wrkflw"))
}
