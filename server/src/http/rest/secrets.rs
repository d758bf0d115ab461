//! Names of secrets in GitHub's shape. A secret's value never leaves by this API.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::paging::Page;
use super::variables::NamePath;
use crate::App;
use crate::http::error::ApiError;
use crate::http::extract::{ApiPath, Repo};
use crate::secrets::{self, SecretScope};

/// `GET .../actions/secrets`.
pub(crate) async fn list(
    State(app): State<App>,
    Repo(repository): Repo,
    page: Page,
) -> Result<Response, ApiError> {
    let mut db = app.db.acquire().await?;
    let names = secrets::secret_names(&mut db, repository.id, None).await?;
    let total = i64::try_from(names.len()).unwrap_or(i64::MAX);
    let secrets: Vec<_> = page
        .cut(names)
        .into_iter()
        .map(|(name, created_at, updated_at)| {
            json!({ "name": name, "created_at": created_at, "updated_at": updated_at })
        })
        .collect();
    Ok(page.answer(total, Json(json!({ "total_count": total, "secrets": secrets }))))
}

/// `DELETE .../actions/secrets/{name}`.
pub(crate) async fn delete(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<NamePath>,
) -> Result<StatusCode, ApiError> {
    let scope = SecretScope { repository: repository.id, environment: None, name: &path.name };
    let mut db = app.db.acquire().await?;
    match secrets::delete_secret(&mut db, scope).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::not_found()),
    }
}
