//! Artifacts in GitHub's shape.
//!
//! A job may read those of its own repository, with `github.token`; `download-artifact` does so for the
//! artifacts of another run. Invariant: an artifact of another repository is not found.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::paging::Page;
use super::reader::Readable;
use super::repositories::node_id;
use super::runs::{self, RunPath};
use crate::App;
use crate::artifacts::{self, ArtifactFilter, ArtifactView};
use crate::http::error::ApiError;
use crate::http::extract::{ApiPath, ApiQuery, Repo};
use crate::http::links::Links;
use crate::http::toolkit;
use crate::repositories::Repository;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct ArtifactQuery {
    name: Option<String>,
}

/// `{artifact}`
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct ArtifactPath {
    artifact: i64,
}

/// `GET .../actions/runs/{run}/artifacts`.
pub(crate) async fn list_of_run(
    State(app): State<App>,
    Readable(repository): Readable,
    (ApiPath(path), ApiQuery(query)): (ApiPath<RunPath>, ApiQuery<ArtifactQuery>),
    (links, page): (Links, Page),
) -> Result<Response, ApiError> {
    let run = runs::find(&app, &repository, path).await?;
    let filter = ArtifactFilter { run: Some(run.id), name: query.name, id: None };
    answer_list(&app, &repository, &filter, (&links, &page)).await
}

/// `GET .../actions/artifacts`.
pub(crate) async fn list(
    State(app): State<App>,
    Readable(repository): Readable,
    ApiQuery(query): ApiQuery<ArtifactQuery>,
    (links, page): (Links, Page),
) -> Result<Response, ApiError> {
    let filter = ArtifactFilter { run: None, name: query.name, id: None };
    answer_list(&app, &repository, &filter, (&links, &page)).await
}

/// `GET .../actions/artifacts/{artifact}`.
pub(crate) async fn get(
    State(app): State<App>,
    Readable(repository): Readable,
    ApiPath(path): ApiPath<ArtifactPath>,
    links: Links,
) -> Result<Json<Value>, ApiError> {
    let artifact = find(&app, &repository, path).await?;
    Ok(Json(artifact_json(&links, &repository, &artifact)))
}

/// `GET .../actions/artifacts/{artifact}/zip`: a redirect to the bytes, which needs no token.
pub(crate) async fn zip(
    State(app): State<App>,
    Readable(repository): Readable,
    ApiPath(path): ApiPath<ArtifactPath>,
    links: Links,
) -> Result<Response, ApiError> {
    let artifact = find(&app, &repository, path).await?;
    let link = toolkit::link_of_artifact(&app, &links, artifact.id);
    Ok((StatusCode::FOUND, [(header::LOCATION, link)]).into_response())
}

/// `DELETE .../actions/artifacts/{artifact}`.
pub(crate) async fn delete(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<ArtifactPath>,
) -> Result<StatusCode, ApiError> {
    let mut db = app.db.acquire().await?;
    match artifacts::delete(&mut db, repository.id, path.artifact).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::not_found()),
    }
}

async fn find(
    app: &App,
    repository: &Repository,
    path: ArtifactPath,
) -> Result<ArtifactView, ApiError> {
    let mut db = app.db.acquire().await?;
    artifacts::find(&mut db, path.artifact)
        .await?
        .filter(|artifact| artifact.repository == repository.id)
        .ok_or_else(ApiError::not_found)
}

async fn answer_list(
    app: &App,
    repository: &Repository,
    filter: &ArtifactFilter,
    (links, page): (&Links, &Page),
) -> Result<Response, ApiError> {
    let mut db = app.db.acquire().await?;
    let found = artifacts::list(&mut db, repository.id, filter).await?;
    let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let shown: Vec<_> =
        page.cut(found).iter().map(|artifact| artifact_json(links, repository, artifact)).collect();
    Ok(page.answer(total, Json(json!({ "total_count": total, "artifacts": shown }))))
}

fn artifact_json(links: &Links, repository: &Repository, artifact: &ArtifactView) -> Value {
    let api = links.repository(&repository.owner, &repository.name);
    let url = format!("{api}/actions/artifacts/{}", artifact.id);
    json!({
        "id": artifact.id,
        "node_id": node_id("AR", artifact.id),
        "name": artifact.name,
        "size_in_bytes": artifact.size_bytes,
        "url": url,
        "archive_download_url": format!("{url}/zip"),
        "expired": false,
        "digest": artifact.digest,
        "created_at": artifact.created_at,
        "updated_at": artifact.updated_at,
        "expires_at": artifact.expires_at,
        "workflow_run": {
            "id": artifact.run,
            "repository_id": repository.id,
            "head_repository_id": repository.id,
            "head_branch": artifact.head_branch,
            "head_sha": artifact.head_sha,
        },
    })
}
