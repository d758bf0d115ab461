//! Uploading a blob as to Azure's block blobs: in blocks and a list of them, or at once
//! (`protocols` 3.3).

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use http_body_util::{BodyExt as _, Limited};
use serde::Deserialize;
use uuid::Uuid;

use super::block_list;
use super::links::Signed;
use crate::App;
use crate::storage::{self, BlobId, NewBlock, StorageError};

/// Largest list of blocks: Azure's 50,000 with the longest names.
const MAX_LIST_BYTES: usize = 8 * 1024 * 1024;

/// Azure's longest name is 64 bytes, which are 88 in base64.
const MAX_NAME_BYTES: usize = 88;

/// The only block of a blob that is uploaded at once; no client's name for one.
const WHOLE: &str = "(whole)";

/// `BuildKit` looks at this header of every answer, and ends when it is missing (`protocols` 0.7).
const REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-request-id");
const VERSION: HeaderName = HeaderName::from_static("x-ms-version");
const ERROR_CODE: HeaderName = HeaderName::from_static("x-ms-error-code");

/// The version of Azure's protocol that we speak when the client does not say.
const OUR_VERSION: &str = "2021-12-02";

#[derive(Debug, Deserialize)]
pub(super) struct UploadQuery {
    comp: Option<String>,
    blockid: Option<String>,
}

/// `PUT /toolkit/v1/uploads/{blob}`, by a signed link.
pub(super) async fn put(
    State(app): State<App>,
    _: Signed,
    (Path(blob), Query(query)): (Path<Uuid>, Query<UploadQuery>),
    headers: HeaderMap,
    body: Body,
) -> Response {
    let blob = BlobId(blob);
    let stored = match query.comp.as_deref() {
        Some("block") => put_block(&app, blob, (query.blockid, &headers), body).await,
        Some("blocklist") => commit(&app, blob, body).await,
        None => put_whole(&app, blob, &headers, body).await,
        Some(other) => Err(Refusal::unsupported(other)),
    };
    let status = match &stored {
        Ok(()) => StatusCode::CREATED,
        Err(refusal) => refusal.status,
    };
    let version = headers.get(VERSION).and_then(|value| value.to_str().ok()).unwrap_or(OUR_VERSION);
    let common = [
        (REQUEST_ID, Uuid::new_v4().to_string()),
        (VERSION, version.to_owned()),
        (header::LAST_MODIFIED, Utc::now().format("%a, %d %b %Y %H:%M:%S GMT").to_string()),
    ];
    match stored {
        Ok(()) => {
            let tag = (header::ETAG, format!("\"{}\"", Uuid::new_v4().simple()));
            (status, common, [tag]).into_response()
        }
        Err(refusal) => {
            let kind = [(header::CONTENT_TYPE, "application/xml"), (ERROR_CODE, refusal.code)];
            (status, common, kind, refusal.xml()).into_response()
        }
    }
}

async fn put_block(
    app: &App,
    blob: BlobId,
    (name, headers): (Option<String>, &HeaderMap),
    body: Body,
) -> Result<(), Refusal> {
    let name = name.unwrap_or_default();
    if name.is_empty() || name.len() > MAX_NAME_BYTES || name.contains(char::is_control) {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "InvalidQueryParameterValue"));
    }
    store(app, (blob, &name), headers, body).await
}

async fn put_whole(
    app: &App,
    blob: BlobId,
    headers: &HeaderMap,
    body: Body,
) -> Result<(), Refusal> {
    store(app, (blob, WHOLE), headers, body).await?;
    storage::commit(app, blob, &[WHOLE.to_owned()]).await?;
    Ok(())
}

async fn store(
    app: &App,
    (blob, name): (BlobId, &str),
    headers: &HeaderMap,
    body: Body,
) -> Result<(), Refusal> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let block = NewBlock { blob, name, size_bytes: length.and_then(|length| length.parse().ok()) };
    storage::put_block(app, block, body.into_data_stream()).await?;
    Ok(())
}

async fn commit(app: &App, blob: BlobId, body: Body) -> Result<(), Refusal> {
    let list = Limited::new(body, MAX_LIST_BYTES).collect().await;
    let list =
        list.map_err(|_| Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestBodyTooLarge"))?;
    let names = block_list::read(&list.to_bytes()).map_err(|message| Refusal {
        message,
        ..Refusal::new(StatusCode::BAD_REQUEST, "InvalidXmlDocument")
    })?;
    storage::commit(app, blob, &names).await?;
    Ok(())
}

/// An error in Azure's shape.
struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str) -> Self {
        Self { status, code, message: "the request is not valid".to_owned() }
    }

    fn unsupported(operation: &str) -> Self {
        Self {
            message: format!("`comp={operation}` is not supported"),
            ..Self::new(StatusCode::BAD_REQUEST, "UnsupportedQueryParameter")
        }
    }

    fn xml(&self) -> String {
        let message = quick_xml::escape::escape(self.message.as_str());
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{}</Code><Message>{message}</Message></Error>",
            self.code
        )
    }
}

impl From<StorageError> for Refusal {
    fn from(error: StorageError) -> Self {
        let (status, code) = match &error {
            StorageError::NotFound => (StatusCode::NOT_FOUND, "BlobNotFound"),
            StorageError::Closed => (StatusCode::CONFLICT, "BlobImmutableDueToPolicy"),
            StorageError::MissingBlock(_) | StorageError::RepeatedBlock(_) => {
                (StatusCode::BAD_REQUEST, "InvalidBlockList")
            }
            StorageError::Incomplete { .. } | StorageError::BrokenOff => {
                (StatusCode::BAD_REQUEST, "IncompleteBody")
            }
            StorageError::Full => (StatusCode::INSUFFICIENT_STORAGE, "AccountIsFull"),
            StorageError::Database(_) | StorageError::Other(_) => {
                let (id, message) = (Uuid::now_v7(), error.to_string());
                tracing::error!(request.id = %id, error = message, "an upload failed on our side");
                let message = format!("the server's log has the cause under id {id}");
                return Self {
                    message,
                    ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError")
                };
            }
        };
        Self { message: error.to_string(), ..Self::new(status, code) }
    }
}
