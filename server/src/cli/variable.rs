//! `gantry variable`: store variables.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::connection::{Connection, segment};
use super::output;
use super::secret::repository_or_only;

#[derive(Debug, Subcommand)]
pub(crate) enum VariableCommand {
    /// Store a variable, replacing the one of the same name.
    Set(SetArguments),
}

#[derive(Debug, Args)]
pub(crate) struct SetArguments {
    /// Its name, as in `vars.NAME`.
    name: String,
    /// Its value.
    value: String,
    /// The repository; without it the only registered one.
    #[arg(long, value_name = "OWNER/REPO")]
    repo: Option<String>,
    #[command(flatten)]
    connection: Connection,
}

pub(super) async fn run(command: VariableCommand) -> anyhow::Result<ExitCode> {
    let VariableCommand::Set(arguments) = command;
    let client = arguments.connection.client()?;
    let repository = repository_or_only(&client, arguments.repo).await?;
    let path = format!("/repos/{repository}/actions/variables");
    let body = json!({ "name": arguments.name, "value": arguments.value });
    let known =
        client.request(Method::GET, &format!("{path}/{}", segment(&arguments.name))).send().await;
    let request = match known {
        Ok(answer) if answer.status() == StatusCode::OK => {
            client.request(Method::PATCH, &format!("{path}/{}", segment(&arguments.name)))
        }
        _ => client.request(Method::POST, &path),
    };
    client.json(request.json(&body)).await?;
    output::line(format!("Set variable {} for {repository}.", arguments.name.to_uppercase()))?;
    Ok(ExitCode::SUCCESS)
}
