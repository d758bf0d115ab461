//! `gantry deliver`: what GitHub would send for a push, from a repository of this machine.
//!
//! Reads git, signs and posts. Invariant: the server sees nothing that GitHub would not send.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use gantry_protocol::RepositoryId;
use gantry_server::config::WEBHOOK_SECRET_FILE;
use gantry_server::deliveries::github_payload::{Push, PushedRepository, push_payload, signature};
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use uuid::Uuid;

use super::connection::{Client, Connection};
use super::git_facts::PushFacts;
use super::output::{self, text};
use super::secret::repository_or_only;
use super::watch;

/// Where payloads say that pages live; workflows compare it.
const GITHUB: &str = "https://github.com";
/// How often `--watch` asks whether a delivery has been worked on, which takes milliseconds.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

#[derive(Debug, Args)]
pub(crate) struct DeliverArguments {
    /// The repository; without it the only registered one.
    #[arg(long, value_name = "OWNER/REPO")]
    repo: Option<String>,
    /// What happened.
    #[arg(long, value_enum, default_value_t = Event::Push)]
    event: Event,
    /// The branch or tag that was pushed; without it the default branch.
    #[arg(long, value_name = "REF")]
    r#ref: Option<String>,
    /// Where the ref stood before; without it the parent of its newest commit.
    #[arg(long, value_name = "SHA")]
    before: Option<String>,
    /// Login of who pushes; without it the name of the user who runs the command.
    #[arg(long, value_name = "LOGIN")]
    actor: Option<String>,
    /// The secret that deliveries are signed with; without it the one in the data directory.
    #[arg(long, env = "GANTRY_WEBHOOK_SECRET", hide_env_values = true, value_name = "SECRET")]
    webhook_secret: Option<SecretString>,
    /// Follow the runs that it starts until they end; the exit code is 0 only if all succeed.
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Events that can be delivered.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Event {
    /// A push to a branch or a tag.
    Push,
}

pub(super) async fn run(arguments: DeliverArguments) -> anyhow::Result<ExitCode> {
    let Event::Push = arguments.event;
    let client = arguments.connection.client()?;
    let full_name = repository_or_only(&client, arguments.repo.clone()).await?;
    let repository = find(&client, &full_name).await?;
    let path = PathBuf::from(text(&repository, "path"));
    let default_branch = text(&repository, "default_branch").to_owned();
    let git_ref = arguments.r#ref.clone().unwrap_or_else(|| default_branch.clone());
    let facts = PushFacts::collect(&path, &git_ref, arguments.before.as_deref())?;
    let push = Push {
        repository: PushedRepository {
            id: RepositoryId(repository["id"].as_i64().unwrap_or_default()),
            full_name,
            default_branch,
            server_url: GITHUB.to_owned(),
        },
        git_ref: facts.git_ref,
        before: facts.before,
        after: facts.after,
        forced: facts.forced,
        commits: facts.commits,
        pusher: arguments.actor.clone().unwrap_or_else(user_name),
    };
    let body = push_payload(&push).to_string();
    let guid = post(&client, &secret(&arguments)?, body).await?;
    output::line(&guid)?;
    if arguments.watch { watch_runs(&client, &guid).await } else { Ok(ExitCode::SUCCESS) }
}

/// Follows what a delivery starts, one run after the other.
async fn watch_runs(client: &Client, guid: &str) -> anyhow::Result<ExitCode> {
    let path = format!("/api/gantry/deliveries/{guid}");
    let found = loop {
        let found = client.get(&path).await?;
        if text(&found["delivery"], "status") != "pending" {
            break found;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    };
    if let Some(reason) = found["delivery"]["reason"].as_str() {
        output::line(reason)?;
    }
    let mut code = ExitCode::SUCCESS;
    for run in found["runs"].as_array().into_iter().flatten() {
        let id = run["id"].as_i64().context("a run without a number")?;
        let ended = watch::watch(client, id).await?;
        if ended != ExitCode::SUCCESS {
            code = ended;
        }
    }
    Ok(code)
}

/// Signs and sends; the number of the delivery.
async fn post(client: &Client, secret: &SecretString, body: String) -> anyhow::Result<String> {
    let guid = Uuid::new_v4().to_string();
    let request = client
        .anonymous(Method::POST, "/webhooks/github")
        .header("x-github-event", "push")
        .header("x-github-delivery", &guid)
        .header(
            "x-hub-signature-256",
            signature(secret.expose_secret().as_bytes(), body.as_bytes()),
        )
        .header("content-type", "application/json")
        .body(body);
    client.send(request).await?;
    Ok(guid)
}

fn secret(arguments: &DeliverArguments) -> anyhow::Result<SecretString> {
    if let Some(secret) = &arguments.webhook_secret {
        return Ok(secret.clone());
    }
    let path = arguments.connection.data_dir().join(WEBHOOK_SECRET_FILE);
    let text = std::fs::read_to_string(&path).with_context(|| {
        format!(
            "{} cannot be read; give the secret with --webhook-secret or GANTRY_WEBHOOK_SECRET",
            path.display()
        )
    })?;
    Ok(text.trim().to_owned().into())
}

async fn find(client: &Client, full_name: &str) -> anyhow::Result<Value> {
    let list = client.get("/api/gantry/repositories").await?;
    let found = list["repositories"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|it| text(it, "full_name").eq_ignore_ascii_case(full_name));
    match found {
        Some(repository) => Ok(repository.clone()),
        None => bail!("{full_name} is not registered; add it with `gantry repo add PATH`"),
    }
}

fn user_name() -> String {
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid());
    user.ok().flatten().map_or_else(|| "unknown".to_owned(), |user| user.name)
}
