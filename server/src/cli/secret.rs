//! `gantry secret`: store secrets.
//!
//! A value is read from a file or from standard input, never from the command line, which other
//! users of the machine can read.

use std::io::{IsTerminal, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::json;

use super::connection::{Client, Connection, segment};
use super::output;

#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// Store a secret; its value comes from --file or from standard input.
    Set(SetArguments),
    /// Encrypt every secret under a new key.
    RotateKey(RotateKeyArguments),
    /// Make a new master key and put every other key under it.
    RotateMasterKey(RotateKeyArguments),
}

#[derive(Debug, Args)]
pub(crate) struct RotateKeyArguments {
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct SetArguments {
    /// Its name, as in `secrets.NAME`.
    name: String,
    /// The repository; without it the only registered one.
    #[arg(long, value_name = "OWNER/REPO")]
    repo: Option<String>,
    /// Only for jobs that deploy to this environment.
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
    /// File with the value.
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    #[command(flatten)]
    connection: Connection,
}

pub(super) async fn run(command: SecretCommand) -> anyhow::Result<ExitCode> {
    match command {
        SecretCommand::Set(arguments) => set(arguments).await,
        SecretCommand::RotateKey(arguments) => rotate_key(arguments).await,
        SecretCommand::RotateMasterKey(arguments) => rotate_master_key(arguments).await,
    }
}

async fn rotate_key(arguments: RotateKeyArguments) -> anyhow::Result<ExitCode> {
    let client = arguments.connection.client()?;
    let answer = client.post("/api/gantry/secrets/rotate-key", &json!({})).await?;
    output::line(format!("Encrypted {} secrets under a new key.", answer["n_secrets"]))?;
    Ok(ExitCode::SUCCESS)
}

async fn rotate_master_key(arguments: RotateKeyArguments) -> anyhow::Result<ExitCode> {
    let client = arguments.connection.client()?;
    let answer = client.post("/api/gantry/secrets/rotate-master-key", &json!({})).await?;
    output::line(format!(
        "There is a new master key, with {} keys under it. Back `master.key` up again.",
        answer["n_keys"]
    ))?;
    Ok(ExitCode::SUCCESS)
}

async fn set(arguments: SetArguments) -> anyhow::Result<ExitCode> {
    let client = arguments.connection.client()?;
    let repository = repository_or_only(&client, arguments.repo).await?;
    let value = read_value(arguments.file)?;
    let path =
        format!("/api/gantry/repositories/{repository}/secrets/{}", segment(&arguments.name));
    let body = json!({ "value": value, "environment": arguments.env });
    client.json(client.request(Method::PUT, &path).json(&body)).await?;
    let place = match &arguments.env {
        Some(environment) => format!("environment {environment} of {repository}"),
        None => repository,
    };
    output::line(format!("Stored secret {} for {place}.", arguments.name.to_uppercase()))?;
    Ok(ExitCode::SUCCESS)
}

/// The value without the line end that editors and `echo` add.
fn read_value(file: Option<PathBuf>) -> anyhow::Result<String> {
    let text = match file {
        Some(path) => std::fs::read_to_string(&path)
            .with_context(|| format!("reading the value from {}", path.display()))?,
        None => {
            let mut input = std::io::stdin();
            if input.is_terminal() {
                write!(std::io::stderr(), "Value, ended by Ctrl-D: ")?;
            }
            let mut text = String::new();
            input.read_to_string(&mut text).context("reading the value")?;
            text
        }
    };
    let value = text.strip_suffix('\n').unwrap_or(&text);
    let value = value.strip_suffix('\r').unwrap_or(value);
    anyhow::ensure!(!value.is_empty(), "the value is empty");
    Ok(value.to_owned())
}

/// The named repository, or the only one there is.
pub(super) async fn repository_or_only(
    client: &Client,
    named: Option<String>,
) -> anyhow::Result<String> {
    if let Some(name) = named {
        return Ok(name);
    }
    let list = client.get("/api/gantry/repositories").await?;
    let names: Vec<_> = list["repositories"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|it| it["full_name"].as_str())
        .collect();
    match names.as_slice() {
        [only] => Ok((*only).to_owned()),
        [] => anyhow::bail!("no repository is registered; add one with `gantry repo add PATH`"),
        several => {
            anyhow::bail!("name one of the repositories with --repo: {}", several.join(", "))
        }
    }
}
