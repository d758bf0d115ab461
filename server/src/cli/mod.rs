//! The commands that talk to a running server, and those that need none.
//!
//! The first do nothing that the HTTP API cannot do; the others ([`LocalCommand`]) read files and
//! print. Invariant: what fails ends with a sentence that says what to do, and a non-zero exit code.

mod audit;
mod check;
mod connection;
mod deliver;
mod dispatch;
mod doctor;
#[cfg(test)]
mod documented;
mod environment;
mod expr;
mod git_facts;
mod local;
mod local_run;
mod login;
mod output;
mod plan;
mod repo;
mod rerun;
mod review;
mod run;
mod runner;
mod secret;
mod sse;
mod status;
mod token;
mod variable;
mod watch;

use std::process::ExitCode;

use clap::Subcommand;

pub(crate) use local::{LocalCommand, run_local};

/// A command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Register and list repositories.
    #[command(subcommand)]
    Repo(repo::RepoCommand),
    /// Store secrets.
    #[command(subcommand)]
    Secret(secret::SecretCommand),
    /// Store variables.
    #[command(subcommand)]
    Variable(variable::VariableCommand),
    /// Set the rules of environments.
    #[command(subcommand)]
    Environment(environment::EnvironmentCommand),
    /// Approve the waiting deployments of a run.
    Approve(review::ReviewArguments),
    /// Reject the waiting deployments of a run.
    Reject(review::ReviewArguments),
    /// Run a workflow on this machine, without a server; or list, view, watch, cancel and rerun
    /// runs.
    Run(Box<run::RunArguments>),
    /// Start a workflow by hand.
    Dispatch(dispatch::DispatchArguments),
    /// Let a runner on another machine register.
    #[command(subcommand)]
    Runner(runner::RunnerCommand),
    /// Issue, list and revoke access tokens.
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Show and check who did what.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Say whether the server is ready.
    Status(status::StatusArguments),
    /// Print a link that signs a browser in, once.
    Login(login::LoginArguments),
    /// Say what is missing or unsafe on this machine.
    Doctor(Box<doctor::DoctorArguments>),
    /// Deliver an event to the server as GitHub would.
    Deliver(deliver::DeliverArguments),
}

/// Carries a command out.
pub(crate) async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match carry_out(command).await {
        // Whoever read our output has seen enough.
        Err(error) if error.is::<output::ClosedPipe>() => Ok(ExitCode::SUCCESS),
        outcome => outcome,
    }
}

async fn carry_out(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Repo(command) => repo::run(command).await,
        Command::Secret(command) => secret::run(command).await,
        Command::Variable(command) => variable::run(command).await,
        Command::Environment(command) => environment::run(command).await,
        Command::Approve(arguments) => review::run("approved", arguments).await,
        Command::Reject(arguments) => review::run("rejected", arguments).await,
        Command::Run(arguments) => run::run(*arguments).await,
        Command::Dispatch(arguments) => dispatch::run(arguments).await,
        Command::Runner(command) => runner::run(command).await,
        Command::Token(command) => token::run(command).await,
        Command::Audit(command) => audit::run(command).await,
        Command::Status(arguments) => status::run(arguments).await,
        Command::Login(arguments) => login::run(arguments).await,
        Command::Doctor(arguments) => doctor::run(*arguments).await,
        Command::Deliver(arguments) => deliver::run(arguments).await,
    }
}
