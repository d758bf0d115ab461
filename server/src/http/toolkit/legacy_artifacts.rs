//! Artifacts of clients up to version 3: single files by ranges (`protocols` 3.4).

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use chrono::{TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::caller::Job;
use super::downloads;
use super::twirp::{self, Answer, TwirpError};
use crate::App;
use crate::artifacts::{self, ArtifactFilter, ArtifactView, FileChunk, NewArtifact, StoredFile};
use crate::http::links::Links;
use crate::storage;
use crate::tokens::{JobCaller, URL_PREFIX};

#[derive(Debug, Deserialize)]
struct Creation {
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "RetentionDays")]
    retention_days: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct NameQuery {
    #[serde(rename = "artifactName")]
    name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct PathQuery {
    #[serde(rename = "itemPath")]
    path: String,
}

/// `POST .../_apis/pipelines/workflows/{run}/artifacts`.
pub(super) async fn create(
    State(app): State<App>,
    Job(caller): Job,
    Path(run): Path<i64>,
    links: Links,
    body: Bytes,
) -> Result<Response, TwirpError> {
    check_run(&caller, run)?;
    let creation: Creation = twirp::read(&body)?;
    let days =
        creation.retention_days.filter(|days| (1..=artifacts::RETENTION_DAYS).contains(days));
    let artifact = NewArtifact {
        name: creation.name,
        expires_at: days.map(|days| Utc::now() + TimeDelta::days(days)),
        mime_type: None,
    };
    let id = artifacts::create_container(&app, &caller, &artifact).await?;
    let url = url_of_container(&links, id);
    let body = json!({
        "containerId": id,
        "size": -1,
        "signedContent": null,
        "fileContainerResourceUrl": url,
        "type": "actions_storage",
        "name": artifact.name,
        "url": url,
        "expiresOn": artifact.expires_at,
    });
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

/// `PATCH .../_apis/pipelines/workflows/{run}/artifacts?artifactName=N`: all files are there.
pub(super) async fn finish(
    State(app): State<App>,
    Job(caller): Job,
    (Path(run), Query(query)): (Path<i64>, Query<NameQuery>),
    links: Links,
) -> Answer {
    check_run(&caller, run)?;
    let mut db = app.db.acquire().await?;
    let id = artifacts::find_container(&mut db, caller.run, &query.name).await?;
    drop(db);
    let id = id.ok_or_else(not_found)?;
    artifacts::finish_files(&app, id).await?;
    let url = url_of_container(&links, id);
    Ok(Json(json!({ "containerId": id, "name": query.name, "url": url })))
}

/// `GET .../_apis/pipelines/workflows/{run}/artifacts`.
pub(super) async fn list(
    State(app): State<App>,
    Job(caller): Job,
    Path(run): Path<i64>,
    links: Links,
) -> Answer {
    check_run(&caller, run)?;
    let filter = ArtifactFilter { run: Some(caller.run), ..ArtifactFilter::default() };
    let mut db = app.db.acquire().await?;
    let mut found = artifacts::list(&mut db, caller.repository, &filter).await?;
    found.retain(|artifact| artifact.blob.is_none());
    let value: Vec<_> = found.iter().map(|artifact| container_json(&links, artifact)).collect();
    Ok(Json(json!({ "count": value.len(), "value": value })))
}

/// `PUT .../_apis/resources/Containers/{artifact}?itemPath=N/dir/f`: a piece of a file.
pub(super) async fn put_file(
    State(app): State<App>,
    Job(caller): Job,
    (Path(id), Query(query)): (Path<i64>, Query<PathQuery>),
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let artifact = container(&app, &caller, id).await?;
    let path = query.path.strip_prefix(&format!("{artifact}/")).ok_or_else(|| {
        TwirpError::invalid(format!("`{}` is not within `{artifact}`", query.path))
    })?;
    let range = content_range(&headers).ok_or_else(|| {
        TwirpError::invalid("the header `Content-Range` is missing or cannot be read")
    })?;
    let chunk = FileChunk {
        artifact: id,
        path: path.to_owned(),
        first_byte: range.first_byte,
        size_bytes: range.size_bytes,
        total_bytes: range.total_bytes.unwrap_or_default(),
        encoding: text(&headers, header::CONTENT_ENCODING).map(str::to_owned),
    };
    artifacts::put_file_chunk(&app, &chunk, body.into_data_stream()).await?;
    Ok(Json(json!({})))
}

/// `GET .../_apis/resources/Containers/{artifact}?itemPath=N`: the files.
pub(super) async fn list_files(
    State(app): State<App>,
    Job(caller): Job,
    (Path(id), Query(query)): (Path<i64>, Query<PathQuery>),
    links: Links,
) -> Answer {
    let name = container(&app, &caller, id).await?;
    let mut db = app.db.acquire().await?;
    let files = artifacts::list_files(&mut db, caller.run, id).await?;
    let wanted = query.path.trim_end_matches('/');
    let paths = files.iter().map(|file| (format!("{name}/{}", file.path), file));
    let within = |path: &str| path == wanted || path.starts_with(&format!("{wanted}/"));
    let value: Vec<_> = paths
        .filter(|(path, _)| within(path))
        .map(|(path, file)| file_json(&links, id, &path, file))
        .collect();
    Ok(Json(json!({ "count": value.len(), "value": value })))
}

/// `GET .../_apis/resources/Containers/{artifact}/file?itemPath=N/dir/f`: the bytes as they were sent.
pub(super) async fn get_file(
    State(app): State<App>,
    Job(caller): Job,
    (Path(id), Query(query)): (Path<i64>, Query<PathQuery>),
    headers: HeaderMap,
) -> Result<Response, TwirpError> {
    let name = container(&app, &caller, id).await?;
    let mut db = app.db.acquire().await?;
    let files = artifacts::list_files(&mut db, caller.run, id).await?;
    let is_wanted = |file: &StoredFile| format!("{name}/{}", file.path) == query.path;
    let file = files.into_iter().find(is_wanted).ok_or_else(not_found)?;
    let contents = storage::contents(&mut db, file.blob).await?;
    drop(db);
    let mut response = downloads::answer(&app, contents, &headers, "application/octet-stream");
    if file.encoding.as_deref() == Some("gzip") {
        let gzip = header::HeaderValue::from_static("gzip");
        response.headers_mut().insert(header::CONTENT_ENCODING, gzip);
    }
    Ok(response)
}

fn check_run(caller: &JobCaller, run: i64) -> Result<(), TwirpError> {
    if caller.run.0 == run {
        return Ok(());
    }
    Err(TwirpError::denied("a job reads and writes the artifacts of its own run"))
}

/// The name of an artifact of files of the caller's run.
async fn container(app: &App, caller: &JobCaller, id: i64) -> Result<String, TwirpError> {
    let mut db = app.db.acquire().await?;
    artifacts::container_name(&mut db, caller.run, id).await?.ok_or_else(not_found)
}

fn not_found() -> TwirpError {
    TwirpError::not_found("artifact not found")
}

fn url_of_container(links: &Links, id: i64) -> String {
    format!("{}{URL_PREFIX}/_apis/resources/Containers/{id}", links.origin)
}

fn container_json(links: &Links, artifact: &ArtifactView) -> Value {
    let url = url_of_container(links, artifact.id);
    json!({
        "containerId": artifact.id,
        "size": artifact.size_bytes,
        "signedContent": null,
        "fileContainerResourceUrl": url,
        "type": "actions_storage",
        "name": artifact.name,
        "url": url,
        "expiresOn": artifact.expires_at,
    })
}

fn file_json(links: &Links, id: i64, path: &str, file: &StoredFile) -> Value {
    let query: String =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("itemPath", path).finish();
    let location = format!("{}/file?{query}", url_of_container(links, id));
    json!({
        "containerId": id,
        "path": path,
        "itemType": "file",
        "status": "created",
        "fileLength": file.size_bytes,
        "contentLocation": location,
    })
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// A `Content-Range` of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ContentRange {
    pub(super) first_byte: u64,
    pub(super) size_bytes: Option<u64>,
    /// `None` for `*`.
    pub(super) total_bytes: Option<u64>,
}

/// `bytes 0-8388607/20971520`, `bytes 0-8388607/*`, and `bytes 0--1/0` for an empty file.
pub(super) fn content_range(headers: &HeaderMap) -> Option<ContentRange> {
    let spec = text(headers, header::CONTENT_RANGE)?.strip_prefix("bytes ")?;
    let (range, total) = spec.split_once('/')?;
    let total_bytes = if total == "*" { None } else { Some(total.parse().ok()?) };
    if range == "0--1" {
        return Some(ContentRange { first_byte: 0, size_bytes: Some(0), total_bytes });
    }
    let (first, last) = range.split_once('-')?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    let size_bytes = last.checked_add(1)?.checked_sub(first)?;
    Some(ContentRange { first_byte: first, size_bytes: Some(size_bytes), total_bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges_of_real_clients_are_read() {
        let read = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_RANGE, value.parse().expect("a value"));
            content_range(&headers).map(|it| (it.first_byte, it.size_bytes, it.total_bytes))
        };
        assert_eq!(read("bytes 0-9/10"), Some((0, Some(10), Some(10))));
        assert_eq!(read("bytes 10-19/*"), Some((10, Some(10), None)));
        assert_eq!(read("bytes 0--1/0"), Some((0, Some(0), Some(0))));
        for wrong in ["0-9/10", "bytes 9-5/10", "bytes a-b/c", "bytes 0-9", "bytes 5--1/0"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
