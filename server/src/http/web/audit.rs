//! The audit log for administrators: pages of it, and all of it as JSON Lines or CSV.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_util::TryStreamExt as _;
use futures_util::stream;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::App;
use crate::audit::{self, AuditEntry, Filter};
use crate::http::error::ApiError;
use crate::http::extract::ApiQuery;

/// Entries of one page, and of one piece of an export.
const PAGE: i64 = 100;
const MAX_PAGE: i64 = 1000;

/// The form of the answer.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Format {
    /// A list, at most `limit` entries.
    #[default]
    Json,
    /// All entries, one JSON object per line, as `gantry audit verify` reads them.
    JsonLines,
    /// All entries, with a line of column names.
    Csv,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Query {
    format: Format,
    limit: Option<i64>,
    after: Option<i64>,
    actor: Option<String>,
    action: Option<String>,
    repository: Option<String>,
    outcome: Option<String>,
}

/// `GET /api/gantry/audit-log`: sealed entries in the order of the chain. Without `after` the newest
/// `limit` entries (default 100, at most 1000); the other formats give all that fit the filters.
pub(crate) async fn list(
    State(app): State<App>,
    ApiQuery(query): ApiQuery<Query>,
) -> Result<Response, ApiError> {
    let Query { format, limit, after, actor, action, repository, outcome } = query;
    let filter = Filter { after, actor, action, repository, outcome };
    match format {
        Format::Json => {
            let limit = limit.unwrap_or(PAGE).clamp(1, MAX_PAGE);
            let mut db = app.db.acquire().await?;
            Ok(Json(audit::entries(&mut db, &filter, limit).await?).into_response())
        }
        Format::JsonLines => Ok(export(app, filter, "application/jsonl", lines)),
        Format::Csv => Ok(export(app, filter, "text/csv; charset=utf-8", rows)),
    }
}

/// Turns entries into text; the flag says that they are the first.
type Writer = fn(&[AuditEntry], bool) -> anyhow::Result<Vec<u8>>;

/// Piece by piece, so that the length of the log does not matter.
fn export(app: App, filter: Filter, content_type: &'static str, write: Writer) -> Response {
    let start = filter.after.unwrap_or(0);
    let pieces = stream::try_unfold(Some((start, true)), move |state| {
        let (app, filter) = (app.clone(), filter.clone());
        async move {
            let Some((after, is_first)) = state else { return anyhow::Ok(None) };
            let filter = Filter { after: Some(after), ..filter };
            let mut db = app.db.acquire().await?;
            let entries = audit::entries(&mut db, &filter, MAX_PAGE).await?;
            let next = entries.last().map(|last| (last.sequence, false));
            if entries.is_empty() && !is_first {
                return Ok(None);
            }
            Ok(Some((Bytes::from(write(&entries, is_first)?), next)))
        }
    });
    let body = Body::from_stream(pieces.inspect_err(|error| {
        tracing::error!(error = format!("{error:#}"), "an export of the audit log broke off");
    }));
    ([(CONTENT_TYPE, content_type)], body).into_response()
}

fn lines(entries: &[AuditEntry], _: bool) -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    for entry in entries {
        serde_json::to_writer(&mut text, entry)?;
        text.push(b'\n');
    }
    Ok(text)
}

const COLUMNS: [&str; 12] = [
    "sequence",
    "at",
    "actor_kind",
    "actor",
    "address",
    "action",
    "repository",
    "target",
    "outcome",
    "detail",
    "previous_hash",
    "hash",
];

fn rows(entries: &[AuditEntry], is_first: bool) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if is_first {
        writer.write_record(COLUMNS)?;
    }
    for entry in entries {
        writer.write_record([
            &entry.sequence.to_string(),
            &entry.at.to_rfc3339(),
            &entry.actor_kind,
            &entry.actor,
            entry.address.as_deref().unwrap_or_default(),
            &entry.action,
            entry.repository.as_deref().unwrap_or_default(),
            entry.target.as_deref().unwrap_or_default(),
            &entry.outcome,
            &entry.detail.to_string(),
            &entry.previous_hash,
            &entry.hash,
        ])?;
    }
    Ok(writer.into_inner()?)
}
