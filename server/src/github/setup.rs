//! The GitHub App that a person has made by the set-up page: asked for, kept, and used after a start.
//!
//! Invariant: a state is made for an administrator, is known to nobody else, and is good for one answer of
//! GitHub's; keys are stored sealed by the master key before they are used.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context as _;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;

use super::forward::client;
use crate::App;
use crate::config::{GitHubAccess, GitHubCredentials, OAuthClient};
use crate::secrets::Sealed;

const PURPOSE: &str = "github app v1";

/// GitHub's code ends after an hour, so the state does.
const STATE_SECONDS: f64 = 3600.0;

/// Longest name of an App, in characters.
const MAX_NAME: usize = 34;

/// What is asked for, how much of it, and what for. The set-up page shows it.
pub const PERMISSIONS: [(&str, &str, &str); 11] = [
    ("metadata", "read", "names of repositories, and who may do what in them"),
    (
        "members",
        "read",
        "who belongs to an organization that may sign in, or to a team that reviews",
    ),
    (
        "contents",
        "write",
        "reads workflow files and clones; writes only for jobs with `contents: write`",
    ),
    ("checks", "write", "shows each job as a check run"),
    ("statuses", "write", "shows jobs as commit statuses, where that is turned on"),
    ("deployments", "write", "shows deployments to environments"),
    (
        "pull_requests",
        "write",
        "reads changed files; writes only for jobs with `pull-requests: write`",
    ),
    ("issues", "write", "only for jobs with `issues: write`"),
    ("packages", "write", "only for jobs with `packages: write`"),
    ("actions", "read", "only for jobs that read runs of GitHub's own"),
    ("merge_queues", "read", "starts workflows with `on: merge_group`"),
];

/// Events that start workflows, and those that keep the list of repositories true.
const EVENTS: [&str; 17] = [
    "push",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "merge_group",
    "create",
    "delete",
    "release",
    "check_run",
    "check_suite",
    "issues",
    "issue_comment",
    "deployment",
    "deployment_status",
    "status",
    "repository",
    "repository_dispatch",
];

/// The App that GitHub has made.
#[derive(Clone, Debug)]
pub struct MadeApp {
    pub app_id: i64,
    pub slug: String,
    /// Where it is installed from.
    pub html_url: String,
    /// The administrator who began.
    pub login: String,
}

/// Why the set-up does not go on.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("this set-up was not begun here, or more than an hour ago; open the set-up page again")]
    UnknownState,
    #[error("GitHub's answer has no code")]
    NoCode,
    #[error("GitHub did not hand the App over: {0}")]
    Refused(String),
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl From<sqlx::Error> for SetupError {
    fn from(error: sqlx::Error) -> Self {
        Self::Other(error.into())
    }
}

/// What GitHub is asked to make.
#[must_use]
pub fn manifest(public_url: &str) -> Value {
    let host = public_url.split_once("://").map_or(public_url, |(_, host)| host);
    let name: String =
        format!("Gantry {host}").replace([':', '/'], " ").chars().take(MAX_NAME).collect();
    let permissions: BTreeMap<_, _> =
        PERMISSIONS.iter().map(|(name, access, _)| (*name, *access)).collect();
    json!({
        "name": name.trim(),
        "url": public_url,
        "hook_attributes": { "url": format!("{public_url}/webhooks/github"), "active": true },
        "redirect_url": format!("{public_url}/setup/github/callback"),
        "callback_urls": [format!("{public_url}/login/github/callback")],
        "public": false,
        "default_permissions": permissions,
        "default_events": EVENTS,
    })
}

/// A new state for an administrator.
pub async fn begin_setup(db: &mut PgConnection, login: &str) -> sqlx::Result<String> {
    let state = hex::encode(rand::random::<[u8; 32]>());
    sqlx::query!(
        "delete from github_setups where created_at < now() - make_interval(secs => $1)",
        STATE_SECONDS
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "insert into github_setups (state_hash, login) values ($1, $2)",
        hash(&state),
        login
    )
    .execute(db)
    .await?;
    Ok(state)
}

#[derive(Deserialize)]
struct Conversion {
    id: i64,
    slug: String,
    html_url: String,
    pem: String,
    webhook_secret: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct Keys {
    pem: String,
    webhook_secret: String,
    /// For sign-ins; absent of an App that was made before there were any.
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    client_secret: String,
}

/// Takes the App that GitHub has made, keeps its keys, and is it from now on.
pub async fn finish_setup(app: &App, state: &str, code: &str) -> Result<MadeApp, SetupError> {
    let mut db = app.db.acquire().await?;
    let login = take_state(&mut db, state).await?.ok_or(SetupError::UnknownState)?;
    drop(db);
    let is_code = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if code.is_empty() || !code.chars().all(is_code) {
        return Err(SetupError::NoCode);
    }
    let api_url = app.config.github_api_url.clone();
    let made = convert(&api_url, code).await?;
    let keys = Keys {
        pem: made.pem,
        webhook_secret: made.webhook_secret.unwrap_or_default(),
        client_id: made.client_id.unwrap_or_default(),
        client_secret: made.client_secret.unwrap_or_default(),
    };
    let sealed = serde_json::to_vec(&keys).context("the keys of the App")?;
    let sealed = app.vault.seal_key(PURPOSE, &sealed)?;
    let mut db = app.db.acquire().await?;
    sqlx::query!(
        "insert into github_app
             (app_id, slug, html_url, api_url, nonce, ciphertext, created_by)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (is_only) do update
         set app_id = excluded.app_id, slug = excluded.slug, html_url = excluded.html_url,
             api_url = excluded.api_url, nonce = excluded.nonce,
             ciphertext = excluded.ciphertext, created_by = excluded.created_by,
             created_at = now()",
        made.id,
        made.slug,
        made.html_url,
        api_url,
        sealed.nonce,
        sealed.ciphertext,
        login,
    )
    .execute(&mut *db)
    .await?;
    drop(db);
    use_keys(app, (made.id, api_url), keys)?;
    Ok(MadeApp { app_id: made.id, slug: made.slug, html_url: made.html_url, login })
}

/// Is the App again that was made by the set-up page, if one was.
pub async fn connect_made_app(app: &App) -> anyhow::Result<()> {
    let mut db = app.db.acquire().await?;
    let row = sqlx::query!("select app_id, api_url, nonce, ciphertext from github_app")
        .fetch_optional(&mut *db)
        .await
        .context("looking for the GitHub App")?;
    drop(db);
    let Some(row) = row else { return Ok(()) };
    let sealed = Sealed { nonce: row.nonce, ciphertext: row.ciphertext };
    let keys =
        app.vault.open_key(PURPOSE, &sealed).context("opening the keys of the GitHub App")?;
    let keys: Keys = serde_json::from_slice(&keys).context("reading the keys of the GitHub App")?;
    use_keys(app, (row.app_id, row.api_url), keys)
}

/// Puts the keys of the made App under the newest master key; how many were under another one.
pub async fn seal_app_anew(app: &App) -> anyhow::Result<usize> {
    let mut db = app.db.acquire().await?;
    let row = sqlx::query!("select nonce, ciphertext from github_app").fetch_optional(&mut *db);
    let Some(row) = row.await? else { return Ok(0) };
    let sealed = Sealed { nonce: row.nonce, ciphertext: row.ciphertext };
    let Some(anew) = app.vault.seal_anew(PURPOSE, &sealed)? else { return Ok(0) };
    // An App that has been made meanwhile is under the newest key already.
    let done = sqlx::query!(
        "update github_app set nonce = $1, ciphertext = $2 where nonce = $3",
        anew.nonce,
        anew.ciphertext,
        sealed.nonce,
    );
    done.execute(&mut *db).await?;
    Ok(1)
}

fn use_keys(app: &App, (app_id, api_url): (i64, String), keys: Keys) -> anyhow::Result<()> {
    let app_id = u64::try_from(app_id).context("the number of the GitHub App")?;
    let credentials = GitHubCredentials::App { app_id, private_key: keys.pem.into() };
    app.github.connect(&GitHubAccess { api_url, credentials })?;
    let secret = Some(keys.webhook_secret).filter(|secret| !secret.is_empty());
    app.github.set_webhook_secret(secret.map(SecretString::from));
    let client = OAuthClient { id: keys.client_id, secret: keys.client_secret.into() };
    app.github.set_oauth_client(Some(client).filter(|client| !client.id.is_empty()));
    Ok(())
}

async fn convert(api_url: &str, code: &str) -> Result<Conversion, SetupError> {
    let url = format!("{api_url}/app-manifests/{code}/conversions");
    let client = client().map_err(|error| SetupError::Refused(error.to_string()))?;
    let request = client
        .post(url)
        .header("accept", "application/vnd.github+json")
        .header("user-agent", "gantry")
        .timeout(Duration::from_secs(30));
    let refused = |error: reqwest::Error| SetupError::Refused(error.without_url().to_string());
    let answer = request.send().await.map_err(refused)?;
    let answer = answer.error_for_status().map_err(refused)?;
    answer.json().await.map_err(refused)
}

/// Whose state it is; it is gone afterwards.
async fn take_state(db: &mut PgConnection, state: &str) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "delete from github_setups
         where state_hash = $1 and created_at > now() - make_interval(secs => $2)
         returning login",
        hash(state),
        STATE_SECONDS
    )
    .fetch_optional(db)
    .await
}

fn hash(state: &str) -> Vec<u8> {
    Sha256::digest(state.as_bytes()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::manifest;

    #[test]
    fn the_manifest_names_this_server_and_fits_githubs_limits() {
        let manifest = manifest("https://ci.example.com");
        assert_eq!(manifest["name"], "Gantry ci.example.com");
        assert_eq!(manifest["hook_attributes"]["url"], "https://ci.example.com/webhooks/github");
        assert_eq!(manifest["default_permissions"]["checks"], "write");
        let long = super::manifest(&format!("https://{}.example", "a".repeat(50)));
        assert!(long["name"].as_str().is_some_and(|name| name.len() <= 34));
    }
}
