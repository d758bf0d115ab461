//! Where the secrets or variables of a path belong.
//!
//! Does not authorize. Invariant: what the path names exists; else the answer is 404.

use std::collections::HashMap;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use gantry_protocol::RepositoryId;
use serde_json::Value;

use crate::App;
use crate::environments::view::find_environment;
use crate::http::described::Argument;
use crate::http::error::ApiError;
use crate::http::extract::Repo;
use crate::http::links::Links;
use crate::repositories::{self, Repository};
use crate::secrets::{Place, Visibility};

/// The place of `/orgs/{org}/actions`, `/repos/{owner}/{repo}/actions`, or
/// `/repos/{owner}/{repo}/environments/{environment}` (also by the repository's number).
#[derive(Clone, Debug)]
pub(crate) struct At {
    pub(crate) place: Place,
    /// The API's URL of the place.
    pub(crate) url: String,
}

impl FromRequestParts<App> for At {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Path(path) = Path::<HashMap<String, String>>::from_request_parts(parts, app).await?;
        let links = Links::from_request_parts(parts, app).await?;
        if let Some(owner) = path.get("org") {
            return Self::of_owner(app, &links, owner).await;
        }
        let Repo(repository) = Repo::from_request_parts(parts, app).await?;
        match path.get("environment") {
            Some(name) => Self::of_environment(app, &links, (&repository, name)).await,
            None => Ok(Self {
                place: Place::Repository(repository.id),
                url: format!("{}/actions", links.repository(&repository.owner, &repository.name)),
            }),
        }
    }
}

impl At {
    async fn of_owner(app: &App, links: &Links, owner: &str) -> Result<Self, ApiError> {
        let mut db = app.db.acquire().await?;
        let owned = repositories::list_of_owner(&mut db, owner).await?;
        let first = owned.into_iter().next().ok_or_else(ApiError::not_found)?;
        let url = format!("{}/orgs/{}/actions", links.api, first.owner);
        Ok(Self { place: Place::Owner(first.owner), url })
    }

    async fn of_environment(
        app: &App,
        links: &Links,
        (repository, name): (&Repository, &str),
    ) -> Result<Self, ApiError> {
        let mut db = app.db.acquire().await?;
        let environment = find_environment(&mut db, repository.id, name)
            .await?
            .ok_or_else(ApiError::not_found)?;
        let api = links.repository(&repository.owner, &repository.name);
        Ok(Self {
            url: format!("{api}/environments/{}", environment.name),
            place: Place::Environment(repository.id, environment.name),
        })
    }

    /// The owner, for routes of owners alone.
    pub(crate) fn owner(&self) -> &str {
        match &self.place {
            Place::Owner(owner) => owner,
            Place::Repository(_) | Place::Environment(..) => "",
        }
    }

    /// Adds what GitHub shows of an owner's entry.
    pub(crate) fn add_visibility(
        &self,
        body: &mut Value,
        (kind, name): (&str, &str),
        visibility: &Visibility,
    ) {
        if !matches!(self.place, Place::Owner(_)) {
            return;
        }
        body["visibility"] = visibility.as_str().into();
        if matches!(visibility, Visibility::Selected(_)) {
            let url = format!("{}/{kind}/{name}/repositories", self.url);
            body["selected_repositories_url"] = url.into();
        }
    }
}

/// Which of the owner's repositories shall see an entry, as a body says it.
#[derive(Clone, Debug)]
pub(crate) struct VisibilityBody {
    pub(crate) visibility: Option<String>,
    pub(crate) selected_repository_ids: Option<Vec<i64>>,
}

impl VisibilityBody {
    /// `None` when the body does not say. Only an owner's entry has a visibility.
    pub(crate) async fn read(self, app: &App, at: &At) -> Result<Option<Visibility>, ApiError> {
        let Place::Owner(owner) = &at.place else { return Ok(None) };
        match self.visibility.as_deref() {
            None => Ok(None),
            Some("all") => Ok(Some(Visibility::All)),
            Some("private") => Ok(Some(Visibility::Private)),
            Some("selected") => {
                let ids = self.selected_repository_ids.unwrap_or_default();
                Ok(Some(Visibility::Selected(owned(app, owner, &ids).await?)))
            }
            Some(other) => Err(ApiError::unprocessable(format!(
                "Invalid request.\n\n\"{other}\" is not a visibility; it is one of: all, private, \
                 selected."
            ))),
        }
    }

    /// The same for a new entry, which must say.
    pub(crate) async fn required(self, app: &App, at: &At) -> Result<Visibility, ApiError> {
        match (self.read(app, at).await?, &at.place) {
            (Some(visibility), _) => Ok(visibility),
            (None, Place::Owner(_)) => {
                Err(ApiError::unprocessable("Invalid request.\n\n\"visibility\" wasn't supplied."))
            }
            (None, Place::Repository(_) | Place::Environment(..)) => Ok(Visibility::All),
        }
    }
}

/// The repositories with these numbers, all of which must be the owner's.
pub(crate) async fn owned(
    app: &App,
    owner: &str,
    ids: &[i64],
) -> Result<Vec<RepositoryId>, ApiError> {
    let mut db = app.db.acquire().await?;
    let owned = repositories::list_of_owner(&mut db, owner).await?;
    match ids.iter().find(|id| !owned.iter().any(|repository| repository.id.0 == **id)) {
        Some(id) => {
            Err(ApiError::unprocessable(format!("`{owner}` has no repository with the id {id}")))
        }
        None => Ok(ids.iter().copied().map(RepositoryId).collect()),
    }
}

impl Argument for At {}
