//! `cargo xtask test`: everything that must pass, in the order in which it fails fastest.

use std::process::Command;

use anyhow::Result;

use crate::command::{run, say};
use crate::setup::Install;
use crate::{engine, images, root, setup, sqlx_prepare, tidy, web};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only what needs neither Docker nor a browser.
    #[arg(long)]
    quick: bool,
}

/// Runs every check; stops at the first that fails.
pub(crate) fn run_all(install: &Install, arguments: &Arguments) -> Result<()> {
    setup::require(install, &[setup::COMPILER, setup::GIT, setup::POSTGRES, setup::NODE])?;
    run(&mut cargo(&["fmt", "--all", "--check"]))?;
    say("\n$ tidy");
    tidy::run()?;
    web::build()?;
    run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    sqlx_prepare::run_prepare(true)?;
    web::npm(&root().join("web"), &["run", "check"])?;
    web::npm(&root().join("web"), &["test"])?;
    if arguments.quick {
        return run(&mut cargo(&["test", "--workspace"]));
    }
    setup::everything(install)?;
    engine::ensure_running()?;
    images::run_build()?;
    run(cargo(&["test", "--workspace"]).env("GANTRY_REQUIRE_DOCKER", "1"))?;
    browser_tests()?;
    say("\neverything passed");
    Ok(())
}

fn browser_tests() -> Result<()> {
    let folder = root().join("tests/browser");
    web::install(&folder)?;
    web::npm(&folder, &["test"])
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir(root());
    command
}
