//! Conditional requests: what a client has already is not sent again.
//!
//! Does not save the work of making the answer. Invariant: only whole JSON answers get a tag, never
//! streams.

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};

use super::error::ApiError;

/// The version of GitHub's API that a client asks for, and the one it gets.
const ASKED_VERSION: HeaderName = HeaderName::from_static("x-github-api-version");
const SELECTED_VERSION: HeaderName = HeaderName::from_static("x-github-api-version-selected");

/// Tags JSON answers to `GET`, answers 304 to who has the same one, and names the version of the API.
pub(super) async fn answer(request: Request, next: Next) -> Response {
    let is_get = request.method() == Method::GET;
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    let version = request.headers().get(ASKED_VERSION).cloned();
    let mut response = next.run(request).await;
    if is_get && is_whole_json(&response) {
        response = match tagged(response, known.as_ref()).await {
            Ok(response) => response,
            Err(error) => return ApiError::from(anyhow::Error::from(error)).into_response(),
        };
    }
    if let Some(version) = version {
        response.headers_mut().insert(SELECTED_VERSION, version);
    }
    response
}

/// Whether the body is in memory already, so that reading it waits for nothing.
fn is_whole_json(response: &Response) -> bool {
    response.status() == StatusCode::OK
        && !response.headers().contains_key(header::ETAG)
        && response
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind == "application/json")
        && response.body().size_hint().exact().is_some()
}

async fn tagged(response: Response, known: Option<&HeaderValue>) -> Result<Response, axum::Error> {
    let (mut parts, body) = response.into_parts();
    let bytes: Bytes = axum::body::to_bytes(body, usize::MAX).await?;
    let tag = tag_of(&bytes);
    if known.is_some_and(|known| names(known, &tag)) {
        let mut headers = HeaderMap::new();
        headers.extend(parts.headers.remove(header::LINK).map(|link| (header::LINK, link)));
        headers.insert(header::ETAG, tag);
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    parts.headers.insert(header::ETAG, tag);
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

/// Weak, because the body may be compressed on its way.
fn tag_of(bytes: &[u8]) -> HeaderValue {
    let text = format!("W/\"{}\"", hex::encode(Sha256::digest(bytes)));
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("W/\"\""))
}

/// Whether the list of tags has this one; weak comparison.
fn names(known: &HeaderValue, tag: &HeaderValue) -> bool {
    let strong = |text: &str| text.trim().trim_start_matches("W/").to_owned();
    let (Ok(known), Ok(tag)) = (known.to_str(), tag.to_str()) else { return false };
    known.split(',').any(|one| one.trim() == "*" || strong(one) == strong(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_in_a_list_weak_or_strong() {
        let tag = HeaderValue::from_static("W/\"abc\"");
        for known in ["W/\"abc\"", "\"abc\"", "\"x\", W/\"abc\"", "*"] {
            assert!(names(&HeaderValue::from_static(known), &tag), "{known}");
        }
        for known in ["", "\"ab\"", "abc"] {
            assert!(!names(&HeaderValue::from_static(known), &tag), "{known}");
        }
    }
}
