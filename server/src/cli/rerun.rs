//! `gantry run rerun`: a further attempt of a finished run.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use serde_json::{Value, json};

use super::connection::{Client, Connection};
use super::output::{self, text};
use super::run::repository_of;

#[derive(Debug, Args)]
pub(crate) struct RerunArguments {
    /// Number of the run, as in its address.
    run: i64,
    /// Only what failed or was cancelled, and what depends on it.
    #[arg(long, conflicts_with = "job")]
    failed: bool,
    /// Only this job, by its name or its number, and what depends on it.
    #[arg(long, value_name = "JOB")]
    job: Option<String>,
    /// Print debug messages in the logs of steps.
    #[arg(long)]
    debug: bool,
    #[command(flatten)]
    connection: Connection,
}

pub(super) async fn run(arguments: RerunArguments) -> anyhow::Result<ExitCode> {
    let client = arguments.connection.client()?;
    let repository = repository_of(&client, arguments.run).await?;
    let actions = format!("/repos/{repository}/actions");
    let path = match &arguments.job {
        Some(job) => format!("{actions}/jobs/{}/rerun", job_id(&client, &arguments, job).await?),
        None if arguments.failed => format!("{actions}/runs/{}/rerun-failed-jobs", arguments.run),
        None => format!("{actions}/runs/{}/rerun", arguments.run),
    };
    client.post(&path, &json!({ "enable_debug_logging": arguments.debug })).await?;
    let detail = client.get(&format!("/api/gantry/runs/{}", arguments.run)).await?;
    let attempt = &detail["run"]["run_attempt"];
    output::line(format!("Run {} begins attempt {attempt}.", arguments.run))?;
    Ok(ExitCode::SUCCESS)
}

/// The number of the job that is meant.
async fn job_id(client: &Client, arguments: &RerunArguments, job: &str) -> anyhow::Result<Value> {
    let detail = client.get(&format!("/api/gantry/runs/{}", arguments.run)).await?;
    let jobs = detail["jobs"].as_array().map_or(&[][..], Vec::as_slice);
    let number: Option<i64> = job.parse().ok();
    let is_meant = |it: &&Value| text(it, "name") == job || number.is_some_and(|n| it["id"] == n);
    match jobs.iter().find(is_meant) {
        Some(found) => Ok(found["id"].clone()),
        None => {
            let names: Vec<_> = jobs.iter().map(|it| text(it, "name")).collect();
            bail!("run {} has no job `{job}`; its jobs are: {}", arguments.run, names.join(", "))
        }
    }
}
