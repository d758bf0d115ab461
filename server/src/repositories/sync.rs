//! The list of repositories is held against GitHub's, in case that an event did not arrive.

use anyhow::Context as _;
use sqlx::Connection as _;

use super::events::{read_installation, read_repository};
use super::installations::{self, Installation, Listed};
use crate::App;
use crate::github::GitHubError;

/// An account has hardly more installations or repositories; further ones come by events.
const MAX_LISTED: usize = 10_000;

/// Asks GitHub for the installations of our App and their repositories. An installation that cannot
/// be asked now keeps what it has.
pub async fn sync_repositories(app: &App) -> anyhow::Result<u64> {
    if !app.github.is_app() {
        return Ok(0);
    }
    let listed = app.github.as_app()?.list("/app/installations", "", MAX_LISTED).await;
    let listed = listed.context("listing the installations of the GitHub App")?;
    let found: Vec<Installation> = listed.iter().filter_map(read_installation).collect();
    let ids: Vec<i64> = found.iter().map(|it| it.id).collect();
    let mut db = app.db.acquire().await?;
    let mut n_changed = installations::keep_installations(&mut db, &ids).await?;
    for installation in &found {
        installations::note_installation(&mut db, installation).await?;
    }
    drop(db);
    for installation in found.iter().filter(|it| !it.is_suspended) {
        match repositories_of(app, installation).await {
            Ok(repositories) => n_changed += store(app, installation, &repositories).await?,
            Err(error) => {
                tracing::warn!(installation.id = installation.id, %error, "listing repositories");
            }
        }
    }
    Ok(n_changed)
}

async fn repositories_of(
    app: &App,
    installation: &Installation,
) -> Result<Vec<Listed>, GitHubError> {
    let client = app.github.for_installation(Some(installation.id))?;
    let listed = client.list("/installation/repositories", "repositories", MAX_LISTED).await?;
    Ok(listed.iter().filter_map(read_repository).collect())
}

async fn store(
    app: &App,
    installation: &Installation,
    repositories: &[Listed],
) -> anyhow::Result<u64> {
    let ids: Vec<i64> = repositories.iter().map(|it| it.github_id).collect();
    let mut db = app.db.acquire().await?;
    let mut transaction = db.begin().await?;
    let n_gone = installations::keep_repositories(&mut transaction, installation.id, &ids).await?;
    for repository in repositories {
        installations::note_repository(&mut transaction, installation.id, repository).await?;
    }
    transaction.commit().await?;
    Ok(n_gone)
}
