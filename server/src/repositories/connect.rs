//! A repository of GitHub is named by a person, before any event of it came.

use serde_json::Value;
use sqlx::Connection as _;

use super::events::{read_installation, read_repository};
use super::queries::{self, Settings};
use super::register::RegisterError;
use super::{Repository, installations};
use crate::App;
use crate::github::GitHubError;

/// Why a repository of GitHub cannot be connected.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("GitHub has no repository `{0}`, or the GitHub App is not installed there")]
    NotFound(String),
    #[error("`{0}` is a repository of this machine already")]
    NameTaken(String),
    #[error(transparent)]
    Name(#[from] RegisterError),
    #[error(transparent)]
    GitHub(GitHubError),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Looks the repository up, stores it, and turns it on.
pub async fn connect(
    app: &App,
    full_name: &str,
    settings: Settings,
) -> Result<Repository, ConnectError> {
    let (owner, name) = super::register::split_name(full_name)?;
    let asked = |error| match error {
        GitHubError::NotFound(_) => ConnectError::NotFound(full_name.to_owned()),
        other => ConnectError::GitHub(other),
    };
    let as_app = app.github.as_app().map_err(ConnectError::GitHub)?;
    let found: Value =
        as_app.get(&format!("/repos/{owner}/{name}/installation")).await.map_err(asked)?;
    let installation =
        read_installation(&found).ok_or_else(|| ConnectError::NotFound(full_name.to_owned()))?;
    let client =
        app.github.for_installation(Some(installation.id)).map_err(ConnectError::GitHub)?;
    let found: Value = client.get(&format!("/repos/{owner}/{name}")).await.map_err(asked)?;
    let listed =
        read_repository(&found).ok_or_else(|| ConnectError::NotFound(full_name.to_owned()))?;
    let mut db = app.db.acquire().await?;
    let mut transaction = db.begin().await?;
    installations::note_installation(&mut transaction, &installation).await?;
    installations::note_repository(&mut transaction, installation.id, &listed).await?;
    let stored = queries::find_by_full_name(&mut transaction, &listed.owner, &listed.name).await?;
    let stored = stored
        .filter(|it| it.github().is_some())
        .ok_or_else(|| ConnectError::NameTaken(full_name.to_owned()))?;
    let settings = Settings { is_enabled: Some(true), ..settings };
    queries::change_settings(&mut transaction, stored.id, &settings).await?;
    let connected = queries::find_by_id(&mut transaction, stored.id).await?;
    transaction.commit().await?;
    connected.ok_or_else(|| ConnectError::NotFound(full_name.to_owned()))
}
