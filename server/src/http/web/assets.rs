//! The page's files, embedded into the program.
//!
//! No data in them. Invariant: a path that is neither a file nor below one of the API's prefixes is
//! a page of the application, which finds its way by itself.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::http::error::ApiError;

#[derive(RustEmbed)]
#[folder = "../web/dist"]
struct Files;

/// Paths below these are never pages.
const API_PREFIXES: [&str; 6] = ["/api/", "/repos/", "/runner/", "/git/", "/login/", "/webhooks/"];

/// Files below this carry their hash in their names.
const HASHED_PREFIX: &str = "assets/";

/// Whatever no route answers.
pub(crate) async fn fallback(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path();
    if !matches!(method, Method::GET | Method::HEAD) || is_api(path) {
        return ApiError::not_found().into_response();
    }
    let name = path.trim_start_matches('/');
    if let Some(file) = Files::get(name) {
        return answer(name, file, &headers);
    }
    // A file that is missing is not a page: a browser would take HTML for the script it wants.
    if name.starts_with(HASHED_PREFIX) {
        return ApiError::not_found().into_response();
    }
    match Files::get("index.html") {
        Some(file) => answer("index.html", file, &headers),
        None => ApiError::not_found().into_response(),
    }
}

fn is_api(path: &str) -> bool {
    API_PREFIXES.iter().any(|prefix| path.starts_with(prefix))
}

fn answer(name: &str, file: EmbeddedFile, request: &HeaderMap) -> Response {
    let etag = format!("\"{}\"", hex::encode(file.metadata.sha256_hash()));
    let mut response = match request.get(header::IF_NONE_MATCH) {
        Some(known) if known.as_bytes() == etag.as_bytes() => {
            StatusCode::NOT_MODIFIED.into_response()
        }
        _ => {
            let content_type = file.metadata.mimetype().to_owned();
            ([(header::CONTENT_TYPE, content_type)], Body::from(file.data)).into_response()
        }
    };
    let caching = match name.starts_with(HASHED_PREFIX) {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(header::ETAG, etag);
    }
    response
}
