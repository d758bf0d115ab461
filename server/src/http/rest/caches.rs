//! Caches in GitHub's shape.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::paging::Page;
use crate::App;
use crate::caches::{self, CacheFilter, CacheOrder, CacheView};
use crate::http::error::ApiError;
use crate::http::extract::{ApiPath, ApiQuery, Repo};

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct CacheQuery {
    #[serde(rename = "ref")]
    git_ref: Option<String>,
    key: Option<String>,
    sort: Option<String>,
    direction: Option<String>,
}

/// `{cache}`
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct CachePath {
    cache: i64,
}

/// `GET .../actions/caches`.
pub(crate) async fn list(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiQuery(query): ApiQuery<CacheQuery>,
    page: Page,
) -> Result<Response, ApiError> {
    let filter = query.filter()?;
    let mut db = app.db.acquire().await?;
    let found = caches::list(&mut db, repository.id, &filter).await?;
    let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let shown: Vec<_> = page.cut(found).iter().map(cache_json).collect();
    Ok(page.answer(total, Json(json!({ "total_count": total, "actions_caches": shown }))))
}

/// `GET .../actions/cache/usage`.
pub(crate) async fn usage(
    State(app): State<App>,
    Repo(repository): Repo,
) -> Result<Json<Value>, ApiError> {
    let mut db = app.db.acquire().await?;
    let usage = caches::usage(&mut db, repository.id).await?;
    Ok(Json(json!({
        "full_name": repository.full_name(),
        "active_caches_size_in_bytes": usage.size_bytes,
        "active_caches_count": usage.n_caches,
    })))
}

/// `DELETE .../actions/caches?key=K[&ref=R]`; answers those that went.
pub(crate) async fn delete_by_key(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiQuery(query): ApiQuery<CacheQuery>,
) -> Result<Json<Value>, ApiError> {
    let key = query.key.ok_or_else(|| ApiError::unprocessable("\"key\" wasn't supplied."))?;
    let mut db = app.db.acquire().await?;
    let gone = caches::delete_by_key(&mut db, repository.id, (&key, query.git_ref.as_deref()));
    let gone = gone.await?;
    if gone.is_empty() {
        return Err(ApiError::not_found());
    }
    let shown: Vec<_> = gone.iter().map(cache_json).collect();
    Ok(Json(json!({ "total_count": shown.len(), "actions_caches": shown })))
}

/// `DELETE .../actions/caches/{cache}`.
pub(crate) async fn delete(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<CachePath>,
) -> Result<StatusCode, ApiError> {
    let mut db = app.db.acquire().await?;
    match caches::delete(&mut db, repository.id, path.cache).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::not_found()),
    }
}

impl CacheQuery {
    fn filter(self) -> Result<CacheFilter, ApiError> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let order = match given(self.sort).as_deref() {
            None | Some("last_accessed_at") => CacheOrder::LastAccessedAt,
            Some("created_at") => CacheOrder::CreatedAt,
            Some("size_in_bytes") => CacheOrder::SizeInBytes,
            Some(other) => {
                return Err(ApiError::unprocessable(format!("`{other}` is not a way to sort")));
            }
        };
        Ok(CacheFilter {
            git_ref: given(self.git_ref),
            key_prefix: given(self.key),
            order,
            is_ascending: self.direction.as_deref() == Some("asc"),
        })
    }
}

fn cache_json(cache: &CacheView) -> Value {
    json!({
        "id": cache.id,
        "ref": cache.git_ref,
        "key": cache.key,
        "version": cache.version,
        "last_accessed_at": cache.last_accessed_at,
        "created_at": cache.created_at,
        "size_in_bytes": cache.size_bytes,
    })
}
