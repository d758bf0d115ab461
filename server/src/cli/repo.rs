//! `gantry repo`: register and list repositories.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::json;

use super::connection::Connection;
use super::output::{self, text};

#[derive(Debug, Subcommand)]
pub(crate) enum RepoCommand {
    /// Register a git repository of this machine.
    Add(AddArguments),
    /// Connect a repository of GitHub in which the GitHub App is installed, and turn it on.
    Connect(ConnectArguments),
    /// Change what a repository does here.
    Set(SetArguments),
    /// List the registered repositories.
    List(ListArguments),
}

#[derive(Debug, Args)]
pub(crate) struct AddArguments {
    /// The repository: a working tree or a bare repository.
    path: PathBuf,
    /// What to call it; without it `local/` and the directory's name.
    #[arg(long, value_name = "OWNER/REPO")]
    name: Option<String>,
    /// Let its jobs use a container engine, as far as their runner's `--docker-socket` goes.
    #[arg(long)]
    docker_socket: bool,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct ConnectArguments {
    /// The repository at GitHub.
    #[arg(value_name = "OWNER/REPO")]
    name: String,
    /// Where its workflow files are, when not in `.github/workflows`.
    #[arg(long, value_name = "DIR")]
    workflow_directory: Option<String>,
    /// Show neutral check runs, while another system decides.
    #[arg(long)]
    shadow: bool,
    /// Let its jobs use a container engine, as far as their runner's `--docker-socket` goes.
    #[arg(long)]
    docker_socket: bool,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct SetArguments {
    #[arg(value_name = "OWNER/REPO")]
    name: String,
    /// Whether events of the repository start runs.
    #[arg(long, value_name = "BOOL")]
    enabled: Option<bool>,
    /// Whether its check runs are neutral.
    #[arg(long, value_name = "BOOL")]
    shadow: Option<bool>,
    /// Whether its jobs are commit statuses as well.
    #[arg(long, value_name = "BOOL")]
    report_statuses: Option<bool>,
    /// Whether jobs of workflows that a filter kept from starting are shown as skipped.
    #[arg(long, value_name = "BOOL")]
    report_skipped: Option<bool>,
    /// Whose pull requests from forks run only after an approval.
    #[arg(long, value_parser = ["never", "first_time", "outside"])]
    fork_approval: Option<String>,
    /// Whether runs of `pull_request_target` wait for the approval too.
    #[arg(long, value_name = "BOOL")]
    approve_pull_request_target: Option<bool>,
    /// Where its workflow files are.
    #[arg(long, value_name = "DIR")]
    workflow_directory: Option<String>,
    /// Whether its jobs may use the container engine of their runner.
    #[arg(long, value_name = "BOOL")]
    docker_socket: Option<bool>,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    #[command(flatten)]
    connection: Connection,
}

pub(super) async fn run(command: RepoCommand) -> anyhow::Result<ExitCode> {
    match command {
        RepoCommand::Add(arguments) => add(arguments).await,
        RepoCommand::Connect(arguments) => connect(arguments).await,
        RepoCommand::Set(arguments) => set(arguments).await,
        RepoCommand::List(arguments) => list(arguments).await,
    }
}

async fn add(arguments: AddArguments) -> anyhow::Result<ExitCode> {
    let path = std::path::absolute(&arguments.path)
        .with_context(|| format!("finding {}", arguments.path.display()))?;
    let body = json!({
        "path": path,
        "full_name": arguments.name,
        "docker_socket": arguments.docker_socket,
    });
    let client = arguments.connection.client()?;
    let added = client.post("/api/gantry/repositories", &body).await?;
    let name = text(&added, "full_name");
    output::line(format!("Added {name}, default branch {}.", text(&added, "default_branch")))?;
    output::line(format!("Deliver its newest commit with `gantry deliver --repo {name}`."))?;
    Ok(ExitCode::SUCCESS)
}

async fn connect(arguments: ConnectArguments) -> anyhow::Result<ExitCode> {
    let body = json!({
        "full_name": arguments.name,
        "workflow_directory": arguments.workflow_directory,
        "shadow": arguments.shadow,
        "docker_socket": arguments.docker_socket,
    });
    let client = arguments.connection.client()?;
    let connected = client.post("/api/gantry/github/repositories", &body).await?;
    let (name, branch) = (text(&connected, "full_name"), text(&connected, "default_branch"));
    output::line(format!("Connected {name}, default branch {branch}."))?;
    output::line("Turn GitHub Actions off in the repository's settings, or use --shadow.")?;
    Ok(ExitCode::SUCCESS)
}

async fn set(arguments: SetArguments) -> anyhow::Result<ExitCode> {
    let body = json!({
        "enabled": arguments.enabled,
        "shadow": arguments.shadow,
        "report_statuses": arguments.report_statuses,
        "report_skipped": arguments.report_skipped,
        "fork_approval": arguments.fork_approval,
        "approve_pull_request_target": arguments.approve_pull_request_target,
        "workflow_directory": arguments.workflow_directory,
        "docker_socket": arguments.docker_socket,
    });
    let client = arguments.connection.client()?;
    let path = format!("/api/gantry/repositories/{}", arguments.name);
    let request = client.request(Method::PATCH, &path).json(&body);
    let changed = client.json(request).await?;
    let state = if changed["enabled"] == true { "on" } else { "off" };
    output::line(format!("{} is {state}.", text(&changed, "full_name")))?;
    Ok(ExitCode::SUCCESS)
}

async fn list(arguments: ListArguments) -> anyhow::Result<ExitCode> {
    let list = arguments.connection.client()?.get("/api/gantry/repositories").await?;
    let repositories = list["repositories"].as_array().map_or(&[][..], Vec::as_slice);
    if repositories.is_empty() {
        output::line("No repositories yet. Add one with `gantry repo add PATH`.")?;
    }
    let rows: Vec<_> = repositories
        .iter()
        .map(|it| {
            ["full_name", "default_branch", "path"].map(|key| text(it, key).to_owned()).into()
        })
        .collect();
    output::table(&rows)?;
    Ok(ExitCode::SUCCESS)
}
