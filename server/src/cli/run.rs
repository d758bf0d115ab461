//! `gantry run`: runs a workflow here, or lists, views, watches, cancels and reruns runs of a
//! server.

use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::connection::{Client, Connection};
use super::local_run::{self, LocalRunArguments};
use super::output::{self, duration, mark, state, text};
use super::{rerun, watch};

/// `gantry run WORKFLOW`, or a command about the runs of a server.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct RunArguments {
    #[command(subcommand)]
    command: Option<RunCommand>,
    #[command(flatten)]
    local: LocalRunArguments,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RunCommand {
    /// List the newest runs.
    List(ListArguments),
    /// Show a run with its jobs and steps.
    View(OneRunArguments),
    /// Follow a run until it ends; the exit code is 0 only if it succeeds.
    Watch(OneRunArguments),
    /// Cancel a run.
    Cancel(CancelArguments),
    /// Run a finished run again.
    Rerun(rerun::RerunArguments),
}

#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    /// Only of this repository.
    #[arg(long, value_name = "OWNER/REPO")]
    repo: Option<String>,
    /// How many.
    #[arg(long, default_value_t = 20, value_name = "NUMBER")]
    limit: u8,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct OneRunArguments {
    /// Number of the run, as in its address; without it the newest.
    run: Option<i64>,
    #[command(flatten)]
    pub(super) connection: Connection,
}

impl OneRunArguments {
    /// The run that is meant.
    pub(super) async fn number(&self, client: &Client) -> anyhow::Result<i64> {
        if let Some(run) = self.run {
            return Ok(run);
        }
        let list = client.get("/api/gantry/runs?per_page=1").await?;
        list["workflow_runs"][0]["id"].as_i64().context("there are no runs yet")
    }
}

#[derive(Debug, Args)]
pub(crate) struct CancelArguments {
    /// Also what `if: always()` lets go on, and without waiting for runners.
    #[arg(long)]
    force: bool,
    /// Number of the run, as in its address.
    run: i64,
    #[command(flatten)]
    connection: Connection,
}

pub(super) async fn run(arguments: RunArguments) -> anyhow::Result<ExitCode> {
    let Some(command) = arguments.command else {
        return local_run::run(arguments.local).await;
    };
    match command {
        RunCommand::List(arguments) => list(arguments).await,
        RunCommand::View(arguments) => view(arguments).await,
        RunCommand::Watch(arguments) => watch::run(arguments).await,
        RunCommand::Cancel(arguments) => cancel(arguments).await,
        RunCommand::Rerun(arguments) => rerun::run(arguments).await,
    }
}

async fn list(arguments: ListArguments) -> anyhow::Result<ExitCode> {
    let repository = arguments.repo.unwrap_or_default();
    let path = format!("/api/gantry/runs?per_page={}&repository={repository}", arguments.limit);
    let list = arguments.connection.client()?.get(&path).await?;
    let runs = list["workflow_runs"].as_array().map_or(&[][..], Vec::as_slice);
    if runs.is_empty() {
        output::line("No runs yet.")?;
    }
    let rows: Vec<_> = runs.iter().map(row).collect();
    output::table(&rows)?;
    Ok(ExitCode::SUCCESS)
}

fn row(run: &Value) -> Vec<String> {
    vec![
        mark(state(run)),
        run["id"].to_string(),
        state(run).to_owned(),
        text(&run["repository"], "full_name").to_owned(),
        text(run, "name").to_owned(),
        text(run, "display_title").to_owned(),
        text(run, "head_branch").to_owned(),
        text(run, "event").to_owned(),
        duration(run, "run_started_at", "updated_at"),
    ]
}

async fn view(arguments: OneRunArguments) -> anyhow::Result<ExitCode> {
    let client = arguments.connection.client()?;
    let number = arguments.number(&client).await?;
    let detail = client.get(&format!("/api/gantry/runs/{number}")).await?;
    let run = &detail["run"];
    output::line(format!(
        "{} {} · {} #{} · {} · {}",
        mark(state(run)),
        text(run, "display_title"),
        text(run, "name"),
        run["run_number"],
        text(run, "head_branch"),
        state(run)
    ))?;
    if let Some(reason) = detail["reason"].as_str() {
        output::line(format!("  {reason}"))?;
    }
    for diagnostic in detail["diagnostics"].as_array().into_iter().flatten() {
        output::line(format!("  {}", diagnostic_line(diagnostic)))?;
    }
    for job in detail["jobs"].as_array().into_iter().flatten() {
        view_job(job)?;
    }
    for pending in detail["pending_deployments"].as_array().into_iter().flatten() {
        output::line(format!("Waits for an approval of {}.", text(pending, "environment")))?;
    }
    output::line(format!("\n{}", text(run, "html_url")))?;
    Ok(ExitCode::SUCCESS)
}

fn view_job(job: &Value) -> anyhow::Result<()> {
    let time = duration(job, "started_at", "completed_at");
    let reason = match text(job, "reason") {
        "" => String::new(),
        reason => format!("  ({reason})"),
    };
    output::line(format!("\n{} {}  {time}{reason}", mark(state(job)), text(job, "name")))?;
    for step in job["steps"].as_array().into_iter().flatten() {
        let time = duration(step, "started_at", "completed_at");
        output::line(format!("  {} {}  {time}", mark(state(step)), text(step, "name")))?;
    }
    for annotation in job["annotations"].as_array().into_iter().flatten() {
        output::line(format!("  {}: {}", text(annotation, "level"), text(annotation, "message")))?;
    }
    Ok(())
}

/// `file:line:column: message`.
pub(super) fn diagnostic_line(diagnostic: &Value) -> String {
    let place = match diagnostic["position"].as_object() {
        Some(position) => format!(":{}:{}", position["line"], position["column"]),
        None => String::new(),
    };
    let (file, message) = (text(diagnostic, "file"), text(diagnostic, "message"));
    format!("{}: {file}{place}: {message}", text(diagnostic, "severity"))
}

async fn cancel(arguments: CancelArguments) -> anyhow::Result<ExitCode> {
    let client = arguments.connection.client()?;
    let repository = repository_of(&client, arguments.run).await?;
    let verb = if arguments.force { "force-cancel" } else { "cancel" };
    let path = format!("/repos/{repository}/actions/runs/{}/{verb}", arguments.run);
    client.post(&path, &json!({})).await?;
    output::line(format!("Asked run {} to stop.", arguments.run))?;
    Ok(ExitCode::SUCCESS)
}

/// The repository a run belongs to.
pub(super) async fn repository_of(client: &Client, run: i64) -> anyhow::Result<String> {
    let detail = client
        .get(&format!("/api/gantry/runs/{run}"))
        .await
        .with_context(|| format!("looking for run {run}"))?;
    Ok(text(&detail["run"]["repository"], "full_name").to_owned())
}
