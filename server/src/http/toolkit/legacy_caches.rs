//! Caches of clients that speak version 1 (`protocols` 3.6).

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::json;

use super::caller::Job;
use super::downloads::path_of_blob;
use super::legacy_artifacts::content_range;
use super::links;
use super::twirp::{self, TwirpError, int64};
use crate::App;
use crate::caches::{self, CacheName, CacheQuery, Reservation};
use crate::http::links::Links;
use crate::storage::{self, NewBlock, block_at};
use crate::tokens::JobCaller;

#[derive(Debug, Deserialize)]
pub(super) struct FindQuery {
    keys: String,
    version: String,
}

#[derive(Debug, Deserialize)]
struct Message {
    #[serde(default)]
    key: String,
    #[serde(default)]
    version: String,
    /// Larger than the repository's limit: refused before the client packs and sends it.
    #[serde(default, rename = "cacheSize", deserialize_with = "int64")]
    cache_size: Option<i64>,
    #[serde(default, deserialize_with = "int64")]
    size: Option<i64>,
}

/// `GET .../_apis/artifactcache/cache?keys=a,b&version=V`; 204 for none.
pub(super) async fn find(
    State(app): State<App>,
    Job(caller): Job,
    Query(query): Query<FindQuery>,
    links: Links,
) -> Result<Response, TwirpError> {
    let keys = query.keys.split(',').map(str::to_owned).collect();
    let wanted = CacheQuery { keys, version: query.version };
    let Some(hit) = caches::lookup(&app, &caller, &wanted).await? else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let body = json!({
        "cacheKey": hit.key,
        "archiveLocation": links::download(&app, &links.origin, &path_of_blob(hit.blob)),
        "scope": hit.scope,
        "creationTime": hit.created_at,
        "cacheVersion": wanted.version,
    });
    Ok(Json(body).into_response())
}

/// `POST .../_apis/artifactcache/caches`.
pub(super) async fn reserve(
    State(app): State<App>,
    Job(caller): Job,
    body: Bytes,
) -> Result<Response, TwirpError> {
    let message: Message = twirp::read(&body)?;
    let size = message.cache_size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
    let limit = app.config.cache_limit_bytes;
    if size > limit {
        return Err(TwirpError::invalid(format!(
            "a cache of {size} bytes is larger than the limit of {limit} bytes"
        )));
    }
    let name = CacheName { key: message.key, version: message.version };
    let reservation = caches::reserve(&app, &caller, &name).await?;
    Ok((StatusCode::CREATED, Json(json!({ "cacheId": reservation.id }))).into_response())
}

/// `PATCH .../_apis/artifactcache/caches/{cache}`: a piece, in any order.
pub(super) async fn put_range(
    State(app): State<App>,
    Job(caller): Job,
    Path(cache): Path<i64>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, TwirpError> {
    let reservation = own(&app, &caller, cache).await?;
    let range = content_range(&headers).ok_or_else(|| {
        TwirpError::invalid("the header `Content-Range` is missing or cannot be read")
    })?;
    let name = block_at(range.first_byte);
    let block = NewBlock { blob: reservation.blob, name: &name, size_bytes: range.size_bytes };
    storage::put_block(&app, block, body.into_data_stream()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST .../_apis/artifactcache/caches/{cache}`: all pieces are there.
pub(super) async fn commit(
    State(app): State<App>,
    Job(caller): Job,
    Path(cache): Path<i64>,
    body: Bytes,
) -> Result<StatusCode, TwirpError> {
    let message: Message = twirp::read(&body)?;
    let size = message.size.and_then(|size| u64::try_from(size).ok());
    let size = size.ok_or_else(|| TwirpError::invalid("`size` is missing"))?;
    let reservation = own(&app, &caller, cache).await?;
    caches::finish_ranges(&app, &caller, reservation, size).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn own(app: &App, caller: &JobCaller, cache: i64) -> Result<Reservation, TwirpError> {
    let mut db = app.db.acquire().await?;
    let found = caches::reservation(&mut db, caller, cache).await?;
    found.ok_or_else(|| TwirpError::not_found("there is no such reservation of this job"))
}
