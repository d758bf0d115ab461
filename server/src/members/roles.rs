//! What somebody may do here, by what GitHub says they may do there.
//!
//! Invariant: a repository about which GitHub does not answer is not shown.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use gantry_protocol::RepositoryId;
use serde::Deserialize;

use super::admission::{is_administrator, is_admitted};
use super::memberships::database;
use super::queries;
use crate::App;
use crate::accounts::{Grant, Identity, Rights, Role};
use crate::github::GitHubError;
use crate::repositories::{self, Repository};

/// How often an open stream asks whether it may go on.
pub const CHECK_INTERVAL: Duration = Duration::from_mins(1);

/// Questions to GitHub at once, for one person.
const N_AT_ONCE: usize = 8;

/// For what the rights are wanted.
#[derive(Clone, Copy, Debug)]
pub enum About<'a> {
    /// Nothing of a repository.
    Server,
    Repository(&'a Repository),
    EveryRepository,
}

/// The rights that somebody has now; `None` when they are not admitted any more. Of somebody without a
/// GitHub account those of their credential.
pub async fn current_rights(
    app: &App,
    identity: &Identity,
    about: About<'_>,
) -> Result<Option<Rights>, GitHubError> {
    let Some(github_id) = identity.github_id else {
        return Ok(Some(identity.rights.clone()));
    };
    if !is_admitted(app, &identity.login).await? {
        return Ok(None);
    }
    if is_administrator(app, &identity.login) {
        let rights = Grant::everywhere(Role::Admin).rights();
        return Ok(Some(identity.grant.bound(&rights)));
    }
    let person = Person { github_id, login: &identity.login };
    let rights = match about {
        About::Server => Rights::default(),
        About::Repository(repository) => {
            let role = role_in(app, person, repository).await?;
            Rights::per_repository(role.map(|role| (repository.id, role)))
        }
        About::EveryRepository => roles_everywhere(app, person).await?,
    };
    Ok(Some(identity.grant.bound(&rights)))
}

#[derive(Clone, Copy)]
struct Person<'a> {
    github_id: i64,
    login: &'a str,
}

async fn role_in(
    app: &App,
    person: Person<'_>,
    repository: &Repository,
) -> Result<Option<Role>, GitHubError> {
    let known = known_roles(app, person).await?;
    match known.get(&repository.id) {
        Some(role) => Ok(*role),
        None => {
            let role = ask(app, person, repository).await?;
            store(app, person, (repository.id, role)).await?;
            Ok(role)
        }
    }
}

async fn roles_everywhere(app: &App, person: Person<'_>) -> Result<Rights, GitHubError> {
    let turn = app.github.turn_of(person.github_id);
    // Of several requests at once only the first one asks.
    let _turn = turn.lock().await;
    let mut known = known_roles(app, person).await?;
    let all = async { repositories::list(&mut *app.db.acquire().await?).await };
    let all = all.await.map_err(database)?;
    let missing: Vec<Repository> =
        all.into_iter().filter(|it| !known.contains_key(&it.id)).collect();
    let asked = stream::iter(missing)
        .map(|repository| async move {
            let role = ask(app, person, &repository).await;
            (repository, role)
        })
        .buffer_unordered(N_AT_ONCE)
        .collect::<Vec<_>>()
        .await;
    for (repository, role) in asked {
        match role {
            Ok(role) => {
                store(app, person, (repository.id, role)).await?;
                known.insert(repository.id, role);
            }
            Err(error) => tracing::warn!(
                repository = repository.full_name(),
                %error,
                "GitHub does not say who may see a repository"
            ),
        }
    }
    Ok(Rights::per_repository(known.into_iter().filter_map(|(id, role)| Some((id, role?)))))
}

async fn known_roles(
    app: &App,
    person: Person<'_>,
) -> Result<BTreeMap<RepositoryId, Option<Role>>, GitHubError> {
    let known = async { queries::roles(&mut *app.db.acquire().await?, person.github_id).await };
    known.await.map_err(database)
}

async fn store(
    app: &App,
    person: Person<'_>,
    role: (RepositoryId, Option<Role>),
) -> Result<(), GitHubError> {
    let stored =
        async { queries::store_role(&mut *app.db.acquire().await?, person.github_id, role).await };
    stored.await.map_err(database)
}

#[derive(Deserialize)]
struct Permission {
    permission: String,
    user: Option<PermittedUser>,
}

#[derive(Deserialize)]
struct PermittedUser {
    id: i64,
}

/// Nobody at GitHub has a role in a repository of this machine.
async fn ask(
    app: &App,
    person: Person<'_>,
    repository: &Repository,
) -> Result<Option<Role>, GitHubError> {
    let Some(there) = repository.github().filter(|it| it.installation.is_some()) else {
        return Ok(None);
    };
    let client = app.github.for_installation(there.installation)?;
    let path =
        format!("/repos/{}/collaborators/{}/permission", repository.full_name(), person.login);
    match client.get::<Permission>(&path).await {
        // Somebody else may have taken the name since.
        Ok(answer) if answer.user.as_ref().is_some_and(|user| user.id != person.github_id) => {
            Ok(None)
        }
        Ok(answer) => Ok(role_of(&answer.permission)),
        Err(GitHubError::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// GitHub reports `maintain` as `write` and `triage` as `read` here; roles of an organisation's own are
/// reported as what they are based on.
fn role_of(permission: &str) -> Option<Role> {
    match permission {
        "admin" => Some(Role::Admin),
        "write" | "maintain" | "push" => Some(Role::Write),
        "read" | "triage" | "pull" => Some(Role::Read),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_githubs_permissions_is_a_role_and_another_word_is_none() {
        let words = ["admin", "maintain", "write", "triage", "read", "none", "owner"];
        let (admin, write, read) = (Some(Role::Admin), Some(Role::Write), Some(Role::Read));
        assert_eq!(words.map(role_of), [admin, write, write, read, read, None, None]);
    }
}
