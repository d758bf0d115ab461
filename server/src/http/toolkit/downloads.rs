//! Downloading what was uploaded, whole or in part, by signed links.
//!
//! Invariant: what a job uploaded is never a page of ours: browsers save it, and if they show it all the
//! same it runs nothing.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::links::Signed;
use super::range::{Part, part};
use super::twirp::TwirpError;
use super::zip_stream;
use crate::App;
use crate::artifacts::{self, ArtifactView};
use crate::http::links::Links;
use crate::storage::{self, BlobId, Contents};
use crate::tokens::URL_PREFIX;

const SANDBOX: (HeaderName, HeaderValue) = (
    header::CONTENT_SECURITY_POLICY,
    HeaderValue::from_static("sandbox; default-src 'none'; frame-ancestors 'none'"),
);

/// Where the bytes of an artifact are, behind a signed link.
pub(super) fn path_of_artifact(artifact: i64) -> String {
    format!("{URL_PREFIX}/v1/downloads/artifacts/{artifact}")
}

/// The link that opens them.
pub(in crate::http) fn link_of_artifact(app: &App, links: &Links, artifact: i64) -> String {
    super::links::download(app, &links.origin, &path_of_artifact(artifact))
}

pub(super) fn path_of_blob(blob: BlobId) -> String {
    format!("{URL_PREFIX}/v1/downloads/blobs/{blob}")
}

/// `GET /toolkit/v1/downloads/blobs/{blob}`: a cache.
pub(super) async fn of_blob(
    State(app): State<App>,
    _: Signed,
    Path(blob): Path<Uuid>,
    headers: HeaderMap,
) -> Result<Response, TwirpError> {
    let mut db = app.db.acquire().await?;
    let contents = storage::contents(&mut db, BlobId(blob)).await?;
    drop(db);
    Ok(answer(&app, contents, &headers, "application/octet-stream"))
}

/// `GET /toolkit/v1/downloads/artifacts/{artifact}`.
pub(super) async fn of_artifact(
    State(app): State<App>,
    _: Signed,
    Path(artifact): Path<i64>,
    headers: HeaderMap,
) -> Result<Response, TwirpError> {
    let mut db = app.db.acquire().await?;
    let artifact = artifacts::find(&mut db, artifact)
        .await?
        .ok_or_else(|| TwirpError::not_found("artifact not found"))?;
    let mut response = match artifact.blob {
        Some(blob) => {
            let contents = storage::contents(&mut db, blob).await?;
            drop(db);
            answer(&app, contents, &headers, &artifact.mime_type)
        }
        None => {
            let files = artifacts::list_files(&mut db, artifact.run, artifact.id).await?;
            drop(db);
            let kind = [(header::CONTENT_TYPE, "application/zip")];
            (kind, Body::from_stream(zip_stream::zip(&app, files))).into_response()
        }
    };
    if let Ok(value) = HeaderValue::from_str(&disposition(&artifact)) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// The bytes that the headers ask for; the head goes at once, because clients wait for seconds only.
pub(super) fn answer(
    app: &App,
    contents: Contents,
    headers: &HeaderMap,
    content_type: &str,
) -> Response {
    let size = contents.size_bytes;
    let (status, range) = match part(headers, size) {
        Part::Whole => (StatusCode::OK, 0..size),
        Part::Some(range) => (StatusCode::PARTIAL_CONTENT, range),
        Part::Unsatisfiable => {
            let total = [(header::CONTENT_RANGE, format!("bytes */{size}"))];
            return (StatusCode::RANGE_NOT_SATISFIABLE, total).into_response();
        }
    };
    let kind = HeaderValue::from_str(content_type)
        .unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let fixed = [
        (header::ACCEPT_RANGES, HeaderValue::from_static("bytes")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
        (header::CONTENT_TYPE, kind),
        SANDBOX,
    ];
    let length = [(header::CONTENT_LENGTH, (range.end - range.start).to_string())];
    let place = (status == StatusCode::PARTIAL_CONTENT).then(|| {
        let last = range.end.saturating_sub(1);
        [(header::CONTENT_RANGE, format!("bytes {}-{last}/{size}", range.start))]
    });
    let body = Body::from_stream(contents.stream(app.storage.clone(), Some(range)));
    match place {
        Some(place) => (status, fixed, length, place, body).into_response(),
        None => (status, fixed, length, body).into_response(),
    }
}

/// Under which name clients save it (`protocols` 0.6). A zip file is named after its artifact; any other
/// artifact is a file that has its name already.
fn disposition(artifact: &ArtifactView) -> String {
    let is_zip = artifact.blob.is_none() || artifact.mime_type == "application/zip";
    let extension = if is_zip && !artifact.name.ends_with(".zip") { ".zip" } else { "" };
    let name = format!("{}{extension}", artifact.name);
    let plain: String =
        name.chars()
            .map(|c| {
                if c.is_ascii() && !c.is_ascii_control() && c != '"' && c != '\\' { c } else { '_' }
            })
            .collect();
    let encoded: String = name
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}
