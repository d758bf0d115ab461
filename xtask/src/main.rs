//! The commands the README names: `demo`, `test`, `tidy`, `bench`, and what they need.
//!
//! Not part of the product. Everything a command needs from the machine is installed by `setup`.

mod bench;
mod command;
mod demo;
mod deny;
mod engine;
mod fuzz;
mod github_schemas;
mod images;
mod key_table;
mod peer_language;
mod schemathesis;
mod setup;
mod sqlx_prepare;
mod test;
mod tidy;
mod tools;
mod web;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Gantry's development commands")]
struct Arguments {
    /// Refuse to install anything; list what is missing instead.
    #[arg(long, global = true)]
    no_install: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the reference team's pipeline end to end on a fresh server.
    Demo(demo::Arguments),
    /// Everything that must pass: format, lints, tidy, web, tests.
    Test(test::Arguments),
    /// Check the rules of the house.
    Tidy,
    /// Check licences, sources and bans of every dependency.
    Deny,
    /// Give the workflow language odd texts until something breaks.
    Fuzz(fuzz::Arguments),
    /// Measure, as ratios to floors of the same run.
    Bench(bench::Arguments),
    /// Install what the other commands need and start what they need.
    Setup,
    /// Build the container images of `images/` that are not current.
    Images,
    /// Make the reduced description of GitHub's API that tests hold our answers against.
    GithubSchemas,
    /// Install the fuzzer that tests send odd requests with.
    Schemathesis,
    /// Refresh the table of keys in `docs/compatibility.md`.
    KeyTable,
    /// Compare our reading of workflow files with that of GitHub's packages for editors.
    PeerLanguage,
    /// Refresh `.sqlx/` after a change of a query or a migration.
    SqlxPrepare(sqlx_prepare::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let install = setup::Install { allowed: !arguments.no_install };
    let result = match arguments.command {
        Command::Demo(demo) => demo::run(&install, &demo),
        Command::Test(test) => test::run_all(&install, &test),
        Command::Tidy => tidy::run(),
        Command::Deny => deny::check(&install),
        Command::Fuzz(fuzz) => fuzz::run_all(&install, &fuzz),
        Command::Bench(bench) => bench::run(&install, &bench),
        Command::Setup => setup::everything(&install),
        Command::Images => images::run(&install),
        Command::GithubSchemas => github_schemas::ensure(),
        Command::Schemathesis => schemathesis::ensure(&install),
        Command::KeyTable => key_table::refresh(),
        Command::PeerLanguage => peer_language::run(),
        Command::SqlxPrepare(prepare) => sqlx_prepare::run_command(&install, &prepare),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            command::complain(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// The checkout's top folder.
fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// Where cargo puts what it builds, inside or outside the checkout.
#[expect(clippy::disallowed_methods, reason = "cargo tells its target folder in the environment")]
fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
