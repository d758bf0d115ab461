//! Extractors that refuse with an [`ApiError`].
//!
//! Do not authorize.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use gantry_protocol::RepositoryId;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::ApiError;
use super::guard::FoundRepository;
use crate::App;
use crate::repositories::{self, Repository};

/// `axum::Json` with GitHub's errors.
#[derive(Clone, Copy, Debug, FromRequest)]
#[from_request(via(axum::Json), rejection(ApiError))]
pub struct ApiJson<T>(pub T);

/// A JSON body that may be left out or null.
#[derive(Clone, Copy, Debug)]
pub struct OptionalJson<T>(pub T);

impl<T, S> FromRequest<S> for OptionalJson<T>
where
    T: Default + DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| ApiError::new(rejection.status(), rejection.body_text()))?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        let axum::Json(body) = axum::Json::<Option<T>>::from_bytes(&bytes)?;
        Ok(Self(body.unwrap_or_default()))
    }
}

/// `axum::extract::Path` that answers 404 for what does not parse.
#[derive(Clone, Copy, Debug, FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(ApiError))]
pub struct ApiPath<T>(pub T);

/// `axum::extract::Query` with GitHub's errors.
#[derive(Clone, Copy, Debug, FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(ApiError))]
pub struct ApiQuery<T>(pub T);

/// The registered repository that `{owner}/{repo}` of the path names, or `{repository}` by its number.
#[derive(Clone, Debug)]
pub struct Repo(pub Repository);

#[derive(Deserialize)]
struct RepositoryPath {
    owner: Option<String>,
    repo: Option<String>,
    repository: Option<i64>,
}

impl FromRequestParts<App> for Repo {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        if let Some(FoundRepository(found)) = parts.extensions.get() {
            return Ok(Self(found.clone()));
        }
        let Path(path) = Path::<RepositoryPath>::from_request_parts(parts, app).await?;
        let mut db = app.db.acquire().await?;
        let found = match (path.owner, path.repo, path.repository) {
            (Some(owner), Some(name), _) => {
                repositories::find_by_full_name(&mut db, &owner, &name).await?
            }
            (_, _, Some(id)) => repositories::find_by_id(&mut db, RepositoryId(id)).await?,
            _ => None,
        };
        found.map(Self).ok_or_else(ApiError::not_found)
    }
}
