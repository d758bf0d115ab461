//! The `gantry` command.
//!
//! Does not do anything itself. Invariant: an error is one sentence on standard error and exit code
//! 1; wrong usage is exit code 2.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;

mod serve;

/// A CI server that runs GitHub Actions workflows on your own machines.
#[derive(Debug, Parser)]
#[command(name = "gantry", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Start the server
    Serve(Box<serve::Arguments>),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.command {
        Command::Serve(arguments) => serve::run(*arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
