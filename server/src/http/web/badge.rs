//! The badge of a workflow: how its last run on a branch ended.
//!
//! A README is shown to people who are not signed in here, so that a badge may also be fetched by a
//! signed link, which opens the badge of one workflow and nothing else.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::badge_svg::{Badge, draw};
use crate::http::error::ApiError;
use crate::http::extract::{ApiPath, ApiQuery, Repo};
use crate::http::links::Links;
use crate::http::rest::workflows::WorkflowPath;
use crate::repositories::Repository;
use crate::runs::last_conclusion::{LastRunFilter, last_conclusion};
use crate::runs::workflow_view::{WorkflowView, find_workflow};
use crate::{App, accounts};

/// Which run the badge is about; the default branch and any event unless told otherwise.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct BadgeQuery {
    branch: Option<String>,
    event: Option<String>,
}

/// `GET /{owner}/{repo}/actions/workflows/{workflow}/badge.svg` for who is signed in, and
/// `GET /api/gantry/badges/{owner}/{repo}/{workflow}/badge.svg` for who has a link.
pub(crate) async fn get(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<WorkflowPath>,
    ApiQuery(query): ApiQuery<BadgeQuery>,
) -> Result<Response, ApiError> {
    let workflow = find(&app, &repository, &path).await?;
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let filter = LastRunFilter {
        workflow: workflow.id,
        branch: given(query.branch).unwrap_or(repository.default_branch),
        event: given(query.event),
    };
    let mut db = app.db.acquire().await?;
    let conclusion = last_conclusion(&mut db, &filter).await?;
    let svg = draw(&Badge::of(&workflow.name, conclusion.as_deref()));
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        // Pages that show badges of others keep them unless they are told not to.
        (header::CACHE_CONTROL, "no-cache, max-age=0"),
    ];
    Ok((headers, svg).into_response())
}

/// `GET /api/gantry/repositories/{owner}/{repo}/workflows/{workflow}/badge-link`.
pub(crate) async fn link(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<WorkflowPath>,
    links: Links,
) -> Result<Json<Value>, ApiError> {
    let workflow = find(&app, &repository, &path).await?;
    let file = workflow.path.rsplit('/').next().unwrap_or_default();
    let path = format!("/api/gantry/badges/{}/{file}/badge.svg", repository.full_name());
    let link = accounts::sign_lasting_link(&app.vault, &path);
    Ok(Json(json!({ "url": format!("{}{link}", links.pages) })))
}

async fn find(
    app: &App,
    repository: &Repository,
    path: &WorkflowPath,
) -> Result<WorkflowView, ApiError> {
    let mut db = app.db.acquire().await?;
    find_workflow(&mut db, repository.id, &path.workflow).await?.ok_or_else(ApiError::not_found)
}
