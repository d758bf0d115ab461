//! The `gantry` command.
//!
//! Does not do anything itself. Invariant: an error is one sentence on standard error and exit code
//! 1; wrong usage is exit code 2.

mod cli;
mod serve;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;

/// A CI server that runs GitHub Actions workflows on your own machines.
#[derive(Debug, Parser)]
#[command(name = "gantry", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Start the server
    Serve(Box<serve::Arguments>),
    #[command(flatten)]
    Client(cli::Command),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Serve(arguments) => serve::run(*arguments).map(|()| ExitCode::SUCCESS),
        Command::Client(command) => run_client(command),
    };
    outcome.unwrap_or_else(|error| {
        // Nowhere to report a broken standard error to.
        drop(writeln!(std::io::stderr(), "error: {error:#}"));
        ExitCode::FAILURE
    })
}

fn run_client(command: cli::Command) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(cli::run(command))
}
