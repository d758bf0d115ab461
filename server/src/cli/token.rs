//! `gantry token`: access tokens for people and programs.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use reqwest::Method;
use serde_json::{Value, json};

use super::connection::Connection;
use super::output::{self, text};

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Issue an access token and print it, once.
    Create(CreateArguments),
    /// List the access tokens that have not ended.
    List(ListArguments),
    /// End an access token at once.
    Revoke(RevokeArguments),
}

#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    /// Those of everybody, not only those of the caller.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct RevokeArguments {
    /// The token's number, as listed.
    id: u64,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct CreateArguments {
    /// Whom the token stands for, as shown at what is done with it.
    login: String,
    /// What it may do; each includes the ones before it.
    #[arg(long, value_enum, default_value_t = Role::Read)]
    role: Role,
    /// A repository in which it holds, `OWNER/REPO`; may be given several times. Without it, all.
    #[arg(long = "repo", value_name = "OWNER/REPO")]
    repositories: Vec<String>,
    /// What it is for; shown in the list.
    #[arg(long, default_value = "", hide_default_value = true)]
    name: String,
    /// Days until it ends; without it, it does not.
    #[arg(long, value_name = "DAYS")]
    expires_in_days: Option<u32>,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Role {
    /// See runs, jobs and logs.
    Read,
    /// Also cancel, dispatch and approve.
    Write,
    /// Everything.
    Admin,
}

pub(super) async fn run(command: TokenCommand) -> anyhow::Result<ExitCode> {
    match command {
        TokenCommand::Create(arguments) => create(arguments).await,
        TokenCommand::List(arguments) => list(arguments).await,
        TokenCommand::Revoke(arguments) => revoke(arguments).await,
    }
}

async fn list(arguments: ListArguments) -> anyhow::Result<ExitCode> {
    let client = arguments.connection.client()?;
    let tokens = client.get(&format!("/api/gantry/access-tokens?all={}", arguments.all)).await?;
    let rows: Vec<_> = tokens.as_array().into_iter().flatten().map(row).collect();
    output::table(&rows)?;
    Ok(ExitCode::SUCCESS)
}

fn row(token: &Value) -> Vec<String> {
    let place = match token["repositories"].as_array() {
        None => "everywhere".to_owned(),
        Some(names) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
    };
    let day = |key| text(token, key).get(..10).map(str::to_owned);
    vec![
        token["id"].to_string(),
        text(token, "login").to_owned(),
        text(token, "role").to_owned(),
        place,
        day("expires_at").map_or("does not end".to_owned(), |day| format!("ends {day}")),
        day("last_used_at").map_or("never used".to_owned(), |day| format!("used {day}")),
        text(token, "name").to_owned(),
    ]
}

async fn revoke(arguments: RevokeArguments) -> anyhow::Result<ExitCode> {
    let client = arguments.connection.client()?;
    let path = format!("/api/gantry/access-tokens/{}", arguments.id);
    client.send(client.request(Method::DELETE, &path)).await?;
    output::line(format!("Token {} has ended.", arguments.id))?;
    Ok(ExitCode::SUCCESS)
}

async fn create(arguments: CreateArguments) -> anyhow::Result<ExitCode> {
    let role = match arguments.role {
        Role::Read => "read",
        Role::Write => "write",
        Role::Admin => "admin",
    };
    let request = json!({
        "login": arguments.login,
        "name": arguments.name,
        "role": role,
        "repositories": Some(arguments.repositories).filter(|all| !all.is_empty()),
        "expires_in_days": arguments.expires_in_days,
    });
    let client = arguments.connection.client()?;
    let token = client.post("/api/gantry/access-tokens", &request).await?;
    output::line(text(&token, "token"))?;
    Ok(ExitCode::SUCCESS)
}
