//! Events that change which repositories there are, and what they are called.
//!
//! Reads payloads leniently. Invariant: a repository is found by its number.

use serde_json::Value;
use sqlx::PgConnection;

use super::installations::{self, Installation, Listed};

/// Whether `event` says something about the list of repositories.
#[must_use]
pub fn concerns_list(event: &str) -> bool {
    matches!(event, "installation" | "installation_repositories" | "repository")
}

/// Brings the list up to date and says, in words, what happened. The caller owns the transaction.
pub async fn apply_event(
    db: &mut PgConnection,
    event: &str,
    payload: &Value,
) -> sqlx::Result<String> {
    match event {
        "repository" => repository(db, payload).await,
        "installation_repositories" => changed(db, payload).await,
        _ => installation(db, payload).await,
    }
}

async fn installation(db: &mut PgConnection, payload: &Value) -> sqlx::Result<String> {
    let Some(mut it) = read_installation(&payload["installation"]) else {
        return Ok("the payload names no installation".to_owned());
    };
    let action = payload["action"].as_str().unwrap_or_default();
    match action {
        "deleted" => installations::forget_installation(db, it.id).await?,
        "suspend" | "unsuspend" => {
            it.is_suspended = action == "suspend";
            installations::note_installation(db, &it).await?;
        }
        _ => {
            installations::note_installation(db, &it).await?;
            note_all(db, it.id, &payload["repositories"]).await?;
        }
    }
    Ok(format!("the installation on `{}`: {action}", it.account))
}

async fn changed(db: &mut PgConnection, payload: &Value) -> sqlx::Result<String> {
    let Some(it) = read_installation(&payload["installation"]) else {
        return Ok("the payload names no installation".to_owned());
    };
    installations::note_installation(db, &it).await?;
    let n_added = note_all(db, it.id, &payload["repositories_added"]).await?;
    let removed: Vec<i64> =
        items(&payload["repositories_removed"]).filter_map(|it| it["id"].as_i64()).collect();
    installations::detach_repositories(db, &removed).await?;
    Ok(format!("{n_added} repositories added and {} removed", removed.len()))
}

async fn repository(db: &mut PgConnection, payload: &Value) -> sqlx::Result<String> {
    let Some(listed) = read_repository(&payload["repository"]) else {
        return Ok("the payload names no repository".to_owned());
    };
    let action = payload["action"].as_str().unwrap_or_default();
    match action {
        "deleted" => installations::detach_repositories(db, &[listed.github_id]).await?,
        _ => installations::rename_repository(db, &listed).await?,
    }
    Ok(format!("the repository `{}/{}`: {action}", listed.owner, listed.name))
}

async fn note_all(
    db: &mut PgConnection,
    installation: i64,
    repositories: &Value,
) -> sqlx::Result<usize> {
    let listed: Vec<Listed> = items(repositories).filter_map(read_repository).collect();
    for repository in &listed {
        installations::note_repository(db, installation, repository).await?;
    }
    Ok(listed.len())
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

pub(super) fn read_installation(installation: &Value) -> Option<Installation> {
    Some(Installation {
        id: installation["id"].as_i64()?,
        account: installation["account"]["login"].as_str().unwrap_or_default().to_owned(),
        is_suspended: !installation["suspended_at"].is_null(),
    })
}

pub(super) fn read_repository(repository: &Value) -> Option<Listed> {
    let (owner, name) = repository["full_name"].as_str()?.split_once('/')?;
    Some(Listed {
        github_id: repository["id"].as_i64()?,
        owner: owner.to_owned(),
        name: name.to_owned(),
        default_branch: repository["default_branch"].as_str().map(str::to_owned),
    })
}
