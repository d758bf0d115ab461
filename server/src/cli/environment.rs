//! `gantry environment`: the rules of environments.

use std::process::ExitCode;

use clap::{ArgGroup, Args, Subcommand};
use reqwest::Method;
use serde_json::json;

use super::connection::{Connection, segment};
use super::output;
use super::secret::repository_or_only;

#[derive(Debug, Subcommand)]
pub(crate) enum EnvironmentCommand {
    /// Create an environment or change its rules.
    Set(SetArguments),
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("review").required(true).args(["require_review", "no_review"]))]
pub(crate) struct SetArguments {
    /// Its name, as in `environment: NAME`.
    name: String,
    /// The repository; without it the only registered one.
    #[arg(long, value_name = "OWNER/REPO")]
    repo: Option<String>,
    /// A deployment to it waits until somebody approves.
    #[arg(long)]
    require_review: bool,
    /// A deployment to it goes on by itself.
    #[arg(long)]
    no_review: bool,
    #[command(flatten)]
    connection: Connection,
}

pub(super) async fn run(command: EnvironmentCommand) -> anyhow::Result<ExitCode> {
    let EnvironmentCommand::Set(arguments) = command;
    let client = arguments.connection.client()?;
    let repository = repository_or_only(&client, arguments.repo).await?;
    let path = format!("/repos/{repository}/environments/{}", segment(&arguments.name));
    let request = client
        .request(Method::PUT, &path)
        .json(&json!({ "review_required": arguments.require_review }));
    client.json(request).await?;
    let rule = match arguments.require_review {
        true => "waits for an approval",
        false => "goes on by itself",
    };
    output::line(format!("A deployment to {} of {repository} {rule}.", arguments.name))?;
    Ok(ExitCode::SUCCESS)
}
