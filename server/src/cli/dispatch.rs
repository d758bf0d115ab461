//! `gantry dispatch`: start a workflow by hand.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use serde_json::{Map, Value, json};

use super::connection::{Connection, segment};
use super::output::{self, text};
use super::secret::repository_or_only;
use super::watch;

#[derive(Debug, Args)]
pub(crate) struct DispatchArguments {
    /// File name, path or number of the workflow.
    workflow: String,
    /// The repository; without it the only registered one.
    #[arg(long, value_name = "OWNER/REPO")]
    repo: Option<String>,
    /// Branch or tag; without it the default branch.
    #[arg(long, value_name = "REF")]
    r#ref: Option<String>,
    /// An input; may be given several times.
    #[arg(long, value_name = "NAME=VALUE")]
    input: Vec<String>,
    /// Follow the run until it ends; the exit code is 0 only if it succeeds.
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    connection: Connection,
}

pub(super) async fn run(arguments: DispatchArguments) -> anyhow::Result<ExitCode> {
    let client = arguments.connection.client()?;
    let repository = repository_or_only(&client, arguments.repo).await?;
    let git_ref = match arguments.r#ref {
        Some(git_ref) => git_ref,
        None => {
            let found = client.get(&format!("/repos/{repository}")).await?;
            text(&found, "default_branch").to_owned()
        }
    };
    let inputs = parse_inputs(&arguments.input)?;
    // A path is one part of the URL.
    let workflow = segment(arguments.workflow.rsplit('/').next().unwrap_or_default());
    let path = format!("/repos/{repository}/actions/workflows/{workflow}/dispatches");
    let body = json!({ "ref": git_ref, "inputs": inputs, "return_run_details": true });
    let answer = client.post(&path, &body).await?;
    output::line(format!("Asked for {workflow} of {repository} at {git_ref}."))?;
    match answer["workflow_run_id"].as_i64() {
        Some(run) if arguments.watch => watch::watch(&client, run).await,
        Some(run) => {
            output::line(format!("It is run {run}; follow it with `gantry run watch {run}`."))?;
            Ok(ExitCode::SUCCESS)
        }
        None => {
            output::line(format!("See `gantry run list --repo {repository}`."))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn parse_inputs(inputs: &[String]) -> anyhow::Result<Map<String, Value>> {
    inputs
        .iter()
        .map(|input| {
            let (name, value) = input
                .split_once('=')
                .with_context(|| format!("write the input `{input}` as NAME=VALUE"))?;
            Ok((name.to_owned(), json!(value)))
        })
        .collect()
}
