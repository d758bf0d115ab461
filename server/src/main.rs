//! The `gantry` command.

mod cli;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

/// A CI server that speaks GitHub Actions.
#[derive(Debug, Parser)]
#[command(name = "gantry", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    #[command(flatten)]
    Client(cli::Command),
}

#[tokio::main]
async fn main() -> ExitCode {
    let Command::Client(command) = Arguments::parse().command;
    match cli::run(command).await {
        Ok(code) => code,
        Err(error) => {
            // Nowhere to report a broken standard error to.
            drop(writeln!(std::io::stderr(), "gantry: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
