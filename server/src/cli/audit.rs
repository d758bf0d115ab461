//! `gantry audit`: who did what, and whether the log still says what it said.
//!
//! `verify` recomputes the chain itself and trusts no word of the server about it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};
use gantry_server::audit::{AuditEntry, Chain};
use reqwest::Method;

use super::connection::{Client, Connection};
use super::output;

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Show the newest events.
    List(ListArguments),
    /// Print all events, in a form for other programs.
    Export(ExportArguments),
    /// Check that no event has been changed, removed or added.
    Verify(VerifyArguments),
}

#[derive(Debug, Args)]
pub(crate) struct Conditions {
    /// Only what this login did.
    #[arg(long, value_name = "LOGIN")]
    actor: Option<String>,
    /// Only this action, for example `secret.write`.
    #[arg(long)]
    action: Option<String>,
    /// Only what concerns this repository.
    #[arg(long, value_name = "OWNER/REPO")]
    repo: Option<String>,
    /// Only what ended so: `done`, `failed`, `refused` or `unknown`.
    #[arg(long)]
    outcome: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    #[command(flatten)]
    conditions: Conditions,
    /// How many events.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    #[command(flatten)]
    conditions: Conditions,
    #[arg(long, value_enum, default_value_t = Format::JsonLines)]
    format: Format,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// An export in JSON Lines; without it, the server's log is read.
    file: Option<PathBuf>,
    /// The head that an earlier check printed: the log must still contain it.
    #[arg(long, value_name = "HASH")]
    head: Option<String>,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    JsonLines,
    Csv,
}

pub(super) async fn run(command: AuditCommand) -> anyhow::Result<ExitCode> {
    match command {
        AuditCommand::List(arguments) => list(arguments).await,
        AuditCommand::Export(arguments) => export(arguments).await,
        AuditCommand::Verify(arguments) => verify(arguments).await,
    }
}

impl Conditions {
    fn query(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("actor", &self.actor),
            ("action", &self.action),
            ("repository", &self.repo),
            ("outcome", &self.outcome),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect()
    }
}

async fn list(arguments: ListArguments) -> anyhow::Result<ExitCode> {
    let client = arguments.connection.client()?;
    let limit = arguments.limit.to_string();
    let request = client
        .request(Method::GET, "/api/gantry/audit-log")
        .query(&arguments.conditions.query())
        .query(&[("limit", &limit)]);
    let entries: Vec<AuditEntry> = serde_json::from_value(client.json(request).await?)
        .context("the server's answer is not an audit log")?;
    for entry in entries {
        output::line(in_words(&entry))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn in_words(entry: &AuditEntry) -> String {
    let at = entry.at.format("%Y-%m-%d %H:%M:%S");
    let actor = match (entry.actor_kind.as_str(), entry.actor.as_str()) {
        ("account", login) => login.to_owned(),
        (kind, "") => kind.to_owned(),
        (kind, name) => format!("{kind} {name}"),
    };
    let mut words =
        format!("{:>6}  {at}  {:8} {actor}  {}", entry.sequence, entry.outcome, entry.action);
    for part in [&entry.repository, &entry.target].into_iter().flatten() {
        words.push_str("  ");
        words.push_str(part);
    }
    if entry.detail.as_object().is_some_and(|detail| !detail.is_empty()) {
        words.push_str(&format!("  {}", entry.detail));
    }
    if let Some(address) = &entry.address {
        words.push_str(&format!("  from {address}"));
    }
    words
}

async fn export(arguments: ExportArguments) -> anyhow::Result<ExitCode> {
    let client = arguments.connection.client()?;
    let format = match arguments.format {
        Format::JsonLines => "json-lines",
        Format::Csv => "csv",
    };
    let text = download(&client, &arguments.conditions.query(), format).await?;
    text.lines().try_for_each(output::line)?;
    Ok(ExitCode::SUCCESS)
}

async fn download(client: &Client, query: &[(&str, &str)], format: &str) -> anyhow::Result<String> {
    let request = client
        .request(Method::GET, "/api/gantry/audit-log")
        .query(query)
        .query(&[("format", format)]);
    client.send(request).await?.text().await.context("reading the audit log")
}

async fn verify(arguments: VerifyArguments) -> anyhow::Result<ExitCode> {
    let reader: Box<dyn Read> = match &arguments.file {
        Some(path) => Box::new(
            File::open(path).with_context(|| format!("{} cannot be read", path.display()))?,
        ),
        None => {
            let client = arguments.connection.client()?;
            Box::new(std::io::Cursor::new(download(&client, &[], "json-lines").await?))
        }
    };
    let mut chain = Chain::default();
    let mut is_head_seen = arguments.head.is_none();
    for (index, line) in BufReader::new(reader).lines().enumerate() {
        let line = line.context("reading the audit log")?;
        let entry: AuditEntry = serde_json::from_str(&line)
            .with_context(|| format!("line {} is not an entry of an audit log", index + 1))?;
        if let Err(broken) = chain.follow(&entry) {
            bail!("the audit log is broken: {broken}");
        }
        is_head_seen |= arguments.head.as_ref() == Some(&entry.hash);
    }
    if !is_head_seen {
        bail!("the audit log is broken: the given head is not in it, so its end has been replaced");
    }
    let head = chain.head();
    output::line(format!("{} events, all as they were written.", head.sequence))?;
    output::line(format!("Head: {}", head.hash))?;
    Ok(ExitCode::SUCCESS)
}
