//! `cargo xtask test`: everything that must pass, in the order in which it fails fastest.

use std::process::Command;

use anyhow::Result;

use crate::command::{run, say};
use crate::setup::Install;
use crate::{
    deny, engine, github_schemas, images, root, schemathesis, setup, sqlx_prepare, tidy, web,
};

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
    github_schemas::ensure()?;
    run(&mut cargo(&["test", "--workspace", "--no-run"]))?;
    if arguments.quick {
        return run(&mut rust_tests());
    }
    deny::check(install)?;
    setup::everything(install)?;
    schemathesis::ensure(install)?;
    engine::ensure_running(install)?;
    images::run_build()?;
    build_javascript_actions()?;
    web::install(&root().join("tests/github"))?;
    run(rust_tests().env("TEST_REQUIRE_DOCKER", "1"))?;
    browser_tests()?;
    say("\neverything passed");
    Ok(())
}

/// The server's own tests make a database each in a throw-away cluster; the integration tests start
/// the real server with its private one.
const RUST_TESTS: &str = r#"
set -eu
export DATABASE_URL="postgres://$PGUSER:$PGPASSWORD@$PGHOST:$PGPORT/$PGDATABASE"
unset PGHOST PGPORT PGUSER PGPASSWORD PGDATABASE PGVERSION PGSYSCONFDIR PG_CONFIG
exec cargo test --workspace --no-fail-fast
"#;

/// What the runner's tests run as JavaScript actions.
fn build_javascript_actions() -> Result<()> {
    let folder = root().join("tests/javascript");
    web::install(&folder)?;
    web::npm(&folder, &["run", "build"])
}

fn rust_tests() -> Command {
    let mut command = Command::new("pg_virtualenv");
    command.args(["-o", "fsync=off", "bash", "-c", RUST_TESTS]).current_dir(root());
    command.env("TEST_GANTRY_BIN", crate::target_dir().join("debug/gantry"));
    command
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
