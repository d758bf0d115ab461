//! `CacheService`: caches of clients that speak version 2.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::json;

use super::caller::Job;
use super::downloads::path_of_blob;
use super::links;
use super::twirp::{self, Answer, TwirpError, int64};
use crate::App;
use crate::caches::{self, CacheError, CacheName, CacheQuery};
use crate::http::links::Links;
use crate::tokens::JobCaller;

/// Of all methods; each reads what it needs.
#[derive(Debug, Deserialize)]
struct Message {
    #[serde(default)]
    key: String,
    #[serde(default)]
    version: String,
    #[serde(default, alias = "restoreKeys")]
    restore_keys: Vec<String>,
    #[serde(default, alias = "sizeBytes", deserialize_with = "int64")]
    size_bytes: Option<i64>,
}

/// `POST /twirp/github.actions.results.api.v1.CacheService/{method}`.
pub(super) async fn call(
    State(app): State<App>,
    Job(caller): Job,
    Path(method): Path<String>,
    links: Links,
    body: Bytes,
) -> Answer {
    let message: Message = twirp::read(&body)?;
    match method.as_str() {
        "CreateCacheEntry" => create(&app, &caller, &links, message).await,
        "FinalizeCacheEntryUpload" => finalize(&app, &caller, message).await,
        "GetCacheEntryDownloadURL" => find(&app, &caller, &links, message).await,
        _ => Err(TwirpError::bad_route()),
    }
}

async fn create(app: &App, caller: &JobCaller, links: &Links, message: Message) -> Answer {
    let name = CacheName { key: message.key, version: message.version };
    match caches::reserve(app, caller, &name).await {
        Ok(reservation) => {
            let url = links::upload(app, &links.origin, reservation.blob);
            Ok(Json(json!({ "ok": true, "signed_upload_url": url })))
        }
        Err(CacheError::Exists) => Ok(Json(json!({ "ok": false, "message": "" }))),
        // No reason for a job to fail; clients print it as a warning.
        Err(error @ CacheError::WriteDenied(_)) => {
            Ok(Json(json!({ "ok": false, "message": error.to_string() })))
        }
        Err(error) => Err(error.into()),
    }
}

async fn finalize(app: &App, caller: &JobCaller, message: Message) -> Answer {
    let name = CacheName { key: message.key, version: message.version };
    let id = caches::finish(app, caller, &name, message.size_bytes.unwrap_or_default()).await?;
    Ok(Json(json!({ "ok": true, "entry_id": id.to_string() })))
}

async fn find(app: &App, caller: &JobCaller, links: &Links, message: Message) -> Answer {
    let keys = std::iter::once(message.key).chain(message.restore_keys).collect();
    let query = CacheQuery { keys, version: message.version };
    let Some(hit) = caches::lookup(app, caller, &query).await? else {
        return Ok(Json(json!({ "ok": false })));
    };
    let url = links::download(app, &links.origin, &path_of_blob(hit.blob));
    Ok(Json(json!({ "ok": true, "signed_download_url": url, "matched_key": hit.key })))
}
