//! `gantry repo`: register and list repositories.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::json;

use super::connection::Connection;
use super::output::{self, text};

#[derive(Debug, Subcommand)]
pub(crate) enum RepoCommand {
    /// Register a git repository of this machine.
    Add(AddArguments),
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
    /// Let its jobs use the container engine of their runner. Such a job controls the machine.
    #[arg(long)]
    docker_socket: bool,
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
