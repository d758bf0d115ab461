//! `gantry token`: access tokens for people and programs.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::connection::Connection;
use super::output::{self, text};

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Issue an access token and print it, once.
    Create(CreateArguments),
}

#[derive(Debug, Args)]
pub(crate) struct CreateArguments {
    /// Whom the token stands for, as shown at what is done with it.
    login: String,
    /// What it may do; each includes the ones before it.
    #[arg(long, value_enum, default_value_t = Role::Read)]
    role: Role,
    /// Days until it ends; without it, it does not.
    #[arg(long, value_name = "DAYS")]
    expires_in_days: Option<u32>,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Role {
    /// See runs, jobs and logs.
    Read,
    /// Also cancel, dispatch and approve.
    Write,
    /// Everything.
    Admin,
}

pub(super) async fn run(command: TokenCommand) -> anyhow::Result<ExitCode> {
    let TokenCommand::Create(arguments) = command;
    let role = match arguments.role {
        Role::Read => "read",
        Role::Write => "write",
        Role::Admin => "admin",
    };
    let request = json!({
        "login": arguments.login,
        "role": role,
        "expires_in_days": arguments.expires_in_days,
    });
    let client = arguments.connection.client()?;
    let token = client.post("/api/gantry/access-tokens", &request).await?;
    output::line(text(&token, "token"))?;
    Ok(ExitCode::SUCCESS)
}
