//! Who belongs to which organisation and team at GitHub.
//!
//! Invariant: an invitation that nobody has accepted is no membership.

use serde_json::Value;

use super::queries;
use crate::App;
use crate::github::{Client, GitHubError};
use crate::repositories;

/// Whether somebody belongs to one of `groups`: organisations (`acme`) or teams (`acme/deployers`).
pub async fn belongs_to_any(
    app: &App,
    login: &str,
    groups: &[String],
) -> Result<bool, GitHubError> {
    for group in groups {
        if belongs_to(app, login, group).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether somebody belongs to an organisation or a team.
pub async fn belongs_to(app: &App, login: &str, group: &str) -> Result<bool, GitHubError> {
    let known = async { queries::membership(&mut *app.db.acquire().await?, login, group).await };
    if let Some(known) = known.await.map_err(database)? {
        return Ok(known);
    }
    let is_member = ask(app, login, group).await?;
    let stored = async {
        queries::store_membership(&mut *app.db.acquire().await?, (login, group), is_member).await
    };
    stored.await.map_err(database)?;
    Ok(is_member)
}

async fn ask(app: &App, login: &str, group: &str) -> Result<bool, GitHubError> {
    if !is_name(login) || !group.split('/').all(is_name) {
        return Ok(false);
    }
    let organization = group.split('/').next().unwrap_or(group);
    let client = client_of(app, organization).await?;
    let path = match group.split_once('/') {
        None => format!("/orgs/{organization}/memberships/{login}"),
        Some((_, team)) => format!("/orgs/{organization}/teams/{team}/memberships/{login}"),
    };
    match client.get::<Value>(&path).await {
        Ok(found) => Ok(found["state"] == "active"),
        Err(GitHubError::NotFound(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Most teams of an organisation that are looked through.
const MAX_TEAMS: usize = 1000;

/// `acme/deployers`, by GitHub's number of the team.
pub async fn team_of_number(
    app: &App,
    organization: &str,
    number: i64,
) -> Result<Option<String>, GitHubError> {
    let client = client_of(app, organization).await?;
    let teams = client.list(&format!("/orgs/{organization}/teams"), "", MAX_TEAMS).await?;
    let found = teams.iter().find(|team| team["id"] == number);
    let slug = found.and_then(|team| team["slug"].as_str());
    Ok(slug.map(|slug| format!("{organization}/{slug}")))
}

/// As the App in that organisation; it reads memberships where it is installed.
async fn client_of(app: &App, organization: &str) -> Result<Client, GitHubError> {
    let found = async {
        repositories::installation_of_owner(&mut *app.db.acquire().await?, organization).await
    };
    app.github.for_installation(found.await.map_err(database)?)
}

/// GitHub's names need no escape in a path; whatever does is none.
fn is_name(text: &str) -> bool {
    let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !text.is_empty() && !text.starts_with('.') && text.chars().all(is_good)
}

pub(super) fn database(error: sqlx::Error) -> GitHubError {
    GitHubError::Later { reason: format!("reading the database: {error}"), retry_after: None }
}
