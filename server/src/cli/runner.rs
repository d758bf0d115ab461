//! `gantry runner`: what a runner on another machine needs.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use super::connection::Connection;
use super::output::{self, text};

#[derive(Debug, Subcommand)]
pub(crate) enum RunnerCommand {
    /// Print a token with which one `gantry-runner` can register, within an hour.
    RegistrationToken(RegistrationTokenArguments),
}

#[derive(Debug, Args)]
pub(crate) struct RegistrationTokenArguments {
    #[command(flatten)]
    connection: Connection,
}

pub(super) async fn run(command: RunnerCommand) -> anyhow::Result<ExitCode> {
    let RunnerCommand::RegistrationToken(arguments) = command;
    let client = arguments.connection.client()?;
    let token = client.post("/api/gantry/runners/registration-token", &json!({})).await?;
    output::line(text(&token, "token"))?;
    Ok(ExitCode::SUCCESS)
}
