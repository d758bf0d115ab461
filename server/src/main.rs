//! The `gantry` command.
//!
//! Does not do anything itself. Invariant: an error is one sentence on standard error and exit code
//! 1; wrong usage is exit code 2.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;

mod cli;
mod serve;

/// A CI server that speaks GitHub Actions and runs its workflows on your own machines
#[derive(Debug, Parser)]
#[command(name = "gantry", version)]
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

#[tokio::main]
async fn main() -> ExitCode {
    // Two TLS providers could be compiled in by a dependency; then there would be no default.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let outcome = match Arguments::parse().command {
        Command::Serve(arguments) => serve::run(&arguments).await.map(|()| ExitCode::SUCCESS),
        Command::Client(command) => cli::run(command).await,
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            // Nowhere to report a broken standard error to.
            drop(writeln!(std::io::stderr(), "error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
