//! `gantry approve` and `gantry reject`.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use serde_json::{Value, json};

use super::connection::Connection;
use super::output;
use super::run::repository_of;

#[derive(Debug, Args)]
pub(crate) struct ReviewArguments {
    /// Number of the run, as in its address.
    run: i64,
    /// Only the deployment to this environment; without it all that wait.
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Why.
    #[arg(long, default_value = "", value_name = "TEXT")]
    comment: String,
    #[command(flatten)]
    connection: Connection,
}

pub(super) async fn run(state: &str, arguments: ReviewArguments) -> anyhow::Result<ExitCode> {
    let client = arguments.connection.client()?;
    let repository = repository_of(&client, arguments.run).await?;
    let path = format!("/repos/{repository}/actions/runs/{}/pending_deployments", arguments.run);
    let pending = client.get(&path).await?;
    let environments: Vec<&Value> =
        pending.as_array().into_iter().flatten().map(|it| &it["environment"]).collect();
    let names: Vec<_> = environments.iter().filter_map(|it| it["name"].as_str()).collect();
    let chosen: Vec<_> = environments
        .iter()
        .filter(|it| {
            let name = it["name"].as_str().unwrap_or_default();
            arguments.environment.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(name))
        })
        .map(|it| it["id"].clone())
        .collect();
    if names.is_empty() {
        bail!("nothing in run {} waits for a review", arguments.run);
    }
    if chosen.is_empty() {
        bail!("run {} waits for a review of: {}", arguments.run, names.join(", "));
    }
    let body = json!({ "environment_ids": chosen, "state": state, "comment": arguments.comment });
    client.post(&path, &body).await?;
    let environments = arguments.environment.unwrap_or_else(|| names.join(", "));
    output::line(format!("The deployment to {environments} is {state}."))?;
    Ok(ExitCode::SUCCESS)
}
