//! Which of an owner's repositories see one of its secrets or variables.
//!
//! Only entries whose visibility is `selected` have such a list; GitHub answers 409 for the others.

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use gantry_protocol::RepositoryId;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::paging::Page;
use super::place::{At, owned};
use super::repositories::repository_json;
use super::{secrets as rest_secrets, variables as rest_variables};
use crate::App;
use crate::http::described::Argument;
use crate::http::error::ApiError;
use crate::http::extract::{ApiJson, ApiPath};
use crate::http::links::Links;
use crate::repositories;
use crate::secrets::{self, VariableChange, Visibility};

/// `{name}` and, where the route has it, `{repository_id}`.
#[derive(Debug, Deserialize)]
pub(crate) struct EntryPath {
    name: String,
    repository_id: Option<i64>,
}

/// An entry of an owner, as the path names it.
#[derive(Debug)]
pub(crate) struct Entry {
    at: At,
    kind: Kind,
    name: String,
    repository_id: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Secret,
    Variable,
}

impl FromRequestParts<App> for Entry {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let at = At::from_request_parts(parts, app).await?;
        let ApiPath(path) = ApiPath::<EntryPath>::from_request_parts(parts, app).await?;
        let kind = match parts.uri.path().contains("/actions/secrets/") {
            true => Kind::Secret,
            false => Kind::Variable,
        };
        Ok(Self { at, kind, name: path.name, repository_id: path.repository_id })
    }
}

/// `GET /orgs/{org}/actions/{kind}/{name}/repositories`.
pub(crate) async fn list(
    State(app): State<App>,
    entry: Entry,
    (links, page): (Links, Page),
) -> Result<Response, ApiError> {
    let selected = selected(&app, &entry).await?;
    let mut db = app.db.acquire().await?;
    let mut repositories = repositories::list_of_owner(&mut db, entry.at.owner()).await?;
    repositories.retain(|repository| selected.contains(&repository.id));
    let total = i64::try_from(repositories.len()).unwrap_or(i64::MAX);
    let repositories: Vec<_> =
        page.cut(repositories).iter().map(|it| repository_json(&links, it)).collect();
    Ok(page.answer(total, Json(json!({ "total_count": total, "repositories": repositories }))))
}

/// The body of a new list.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct SelectedBody {
    selected_repository_ids: Vec<i64>,
}

/// `PUT /orgs/{org}/actions/{kind}/{name}/repositories`.
pub(crate) async fn replace(
    State(app): State<App>,
    entry: Entry,
    ApiJson(body): ApiJson<SelectedBody>,
) -> Result<StatusCode, ApiError> {
    selected(&app, &entry).await?;
    let wanted = owned(&app, entry.at.owner(), &body.selected_repository_ids).await?;
    store(&app, &entry, wanted).await
}

/// `PUT /orgs/{org}/actions/{kind}/{name}/repositories/{repository_id}`.
pub(crate) async fn add(State(app): State<App>, entry: Entry) -> Result<StatusCode, ApiError> {
    let mut wanted = selected(&app, &entry).await?;
    let added =
        owned(&app, entry.at.owner(), &entry.repository_id.into_iter().collect::<Vec<_>>()).await?;
    wanted.retain(|known| !added.contains(known));
    wanted.extend(added);
    store(&app, &entry, wanted).await
}

/// `DELETE /orgs/{org}/actions/{kind}/{name}/repositories/{repository_id}`.
pub(crate) async fn remove(State(app): State<App>, entry: Entry) -> Result<StatusCode, ApiError> {
    let mut wanted = selected(&app, &entry).await?;
    wanted.retain(|known| Some(known.0) != entry.repository_id);
    store(&app, &entry, wanted).await
}

async fn selected(app: &App, entry: &Entry) -> Result<Vec<RepositoryId>, ApiError> {
    let (at, name) = (&entry.at, entry.name.as_str());
    let visibility = match entry.kind {
        Kind::Secret => rest_secrets::find(app, at, name).await?.visibility,
        Kind::Variable => rest_variables::find(app, at, name).await?.visibility,
    };
    match visibility {
        Visibility::Selected(repositories) => Ok(repositories),
        Visibility::All | Visibility::Private => Err(ApiError::conflict(
            "Visibility is not set to selected; change it before selecting repositories",
        )),
    }
}

async fn store(
    app: &App,
    entry: &Entry,
    wanted: Vec<RepositoryId>,
) -> Result<StatusCode, ApiError> {
    let visibility = Visibility::Selected(wanted);
    let named = (&entry.at.place, entry.name.as_str());
    let mut db = app.db.acquire().await?;
    let is_there = match entry.kind {
        Kind::Secret => secrets::set_secret_visibility(&mut db, named, &visibility).await?,
        Kind::Variable => {
            let change = VariableChange { visibility: Some(visibility), ..Default::default() };
            secrets::update_variable(&mut db, named, &change).await?
        }
    };
    if is_there { Ok(StatusCode::NO_CONTENT) } else { Err(ApiError::not_found()) }
}

impl Argument for Entry {}
