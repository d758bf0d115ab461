//! The `gantry` command.
//!
//! Does not do anything itself. Invariant: an error is one sentence on standard error and exit code
//! 1; wrong usage is exit code 2. What needs no server starts no threads.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;

mod cli;
mod runner_arguments;
mod serve;

/// Reading workflow files is much faster with it than with the C library's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
    #[command(flatten)]
    Local(cli::LocalCommand),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Serve(arguments) => {
            wait_for(async { serve::run(&arguments).await.map(|()| ExitCode::SUCCESS) })
        }
        Command::Client(command) => wait_for(cli::run(command)),
        Command::Local(command) => return cli::run_local(command),
    };
    outcome.unwrap_or_else(|error| {
        // Nowhere to report a broken standard error to.
        drop(writeln!(std::io::stderr(), "error: {error:#}"));
        ExitCode::FAILURE
    })
}

/// Runs what speaks over the network.
fn wait_for(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    // Two TLS providers could be compiled in by a dependency; then there would be no default.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("starting threads")?.block_on(work)
}
