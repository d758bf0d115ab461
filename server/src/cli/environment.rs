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
    /// So many different people have to approve.
    #[arg(long, value_name = "NUMBER", requires = "require_review", default_value_t = 1,
          value_parser = clap::value_parser!(u8).range(1..=6))]
    approvals: u8,
    /// Who may approve, or a team as `ORGANIZATION/TEAM`; may be given several times. Without it, whoever may write.
    #[arg(long = "reviewer", value_name = "LOGIN", requires = "require_review")]
    reviewers: Vec<String>,
    /// Whoever caused a run does not approve its deployments.
    #[arg(long, requires = "require_review")]
    prevent_self_review: bool,
    /// A deployment waits at least so many minutes.
    #[arg(long, value_name = "MINUTES", default_value_t = 0)]
    wait_minutes: u32,
    #[command(flatten)]
    connection: Connection,
}

pub(super) async fn run(command: EnvironmentCommand) -> anyhow::Result<ExitCode> {
    let EnvironmentCommand::Set(arguments) = command;
    let client = arguments.connection.client()?;
    let repository = repository_or_only(&client, arguments.repo).await?;
    let path = format!("/repos/{repository}/environments/{}", segment(&arguments.name));
    let reviewers = arguments.reviewers.iter().map(|name| {
        let kind = if name.contains('/') { "Team" } else { "User" };
        json!({ "type": kind, "login": name })
    });
    let request = client.request(Method::PUT, &path).json(&json!({
        "review_required": arguments.require_review,
        "required_approvals": arguments.approvals,
        "reviewers": reviewers.collect::<Vec<_>>(),
        "prevent_self_review": arguments.prevent_self_review,
        "wait_timer": arguments.wait_minutes,
    }));
    client.json(request).await?;
    let rule = match (arguments.require_review, arguments.approvals) {
        (true, 1) => "waits for an approval".to_owned(),
        (true, n) => format!("waits for {n} approvals"),
        (false, _) => "goes on by itself".to_owned(),
    };
    output::line(format!("A deployment to {} of {repository} {rule}.", arguments.name))?;
    Ok(ExitCode::SUCCESS)
}
