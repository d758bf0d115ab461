//! The log of a job: what is where, pages of its text, and lines that fit a pattern.

use axum::Json;
use axum::extract::State;
use gantry_protocol::JobId;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::log_search::pattern;
use crate::App;
use crate::http::error::ApiError;
use crate::http::extract::{ApiPath, ApiQuery};
use crate::jobs::view::find_job;
use crate::logs::{OutlinedChunk, StoredChunk, outline, page_after, places};

/// Where to go on.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub(crate) struct LogQuery {
    after: Option<u64>,
    /// The page ends once it has as many bytes; a small one is there at once.
    max_bytes: Option<i64>,
}

/// `GET /api/gantry/jobs/{job}/log`.
pub(crate) async fn get(
    State(app): State<App>,
    ApiPath(job): ApiPath<i64>,
    ApiQuery(query): ApiQuery<LogQuery>,
) -> Result<Json<Value>, ApiError> {
    let place = (known(&app, job).await?, query.after);
    let max_bytes = query.max_bytes.unwrap_or(i64::MAX);
    let page = page_after(&app.db, app.storage.as_ref(), place, max_bytes).await?;
    let chunks: Vec<_> = page.chunks.iter().map(chunk_json).collect();
    Ok(Json(json!({ "chunks": chunks, "is_complete": page.is_complete })))
}

/// A log up to this size comes with its outline: one request shows it.
const SMALL_LOG_BYTES: u64 = 256 * 1024;

/// `GET /api/gantry/jobs/{job}/log-outline`: `chunks` as `[sequence, step_number, first_line, n_lines,
/// marks]`, where a mark is the index of a line within the chunk times 4, plus 0 for a line that begins a
/// group, 1 for one that ends it, 2 for an error; and the text too, if the log is small.
pub(crate) async fn get_outline(
    State(app): State<App>,
    ApiPath(job): ApiPath<i64>,
) -> Result<Json<Value>, ApiError> {
    let job = known(&app, job).await?;
    let outline = outline(&app.db, app.storage.as_ref(), job).await?;
    let n_bytes: u64 = outline.chunks.iter().map(|chunk| chunk.n_bytes).sum();
    let texts = if n_bytes <= SMALL_LOG_BYTES {
        page_after(&app.db, app.storage.as_ref(), (job, None), i64::MAX).await?.chunks
    } else {
        Vec::new()
    };
    Ok(Json(json!({
        "chunks": outline.chunks.iter().map(outlined_json).collect::<Vec<_>>(),
        "texts": texts.iter().map(chunk_json).collect::<Vec<_>>(),
        "is_complete": outline.is_complete,
    })))
}

fn outlined_json(chunk: &OutlinedChunk) -> Value {
    json!([chunk.sequence, chunk.step_number, chunk.first_line, chunk.n_lines, chunk.marks])
}

/// What to look for, and behind which chunk.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct PlacesQuery {
    q: String,
    #[serde(default)]
    regex: bool,
    after: Option<u64>,
}

/// `GET /api/gantry/jobs/{job}/log-search`: `lines` as `[step_number, line]`, in the order of the log.
pub(crate) async fn get_places(
    State(app): State<App>,
    ApiPath(job): ApiPath<i64>,
    ApiQuery(query): ApiQuery<PlacesQuery>,
) -> Result<Json<Value>, ApiError> {
    let pattern = pattern(&query.q, query.regex)?;
    let job = known(&app, job).await?;
    let found = places(&app.db, app.storage.as_ref(), (job, query.after), &pattern).await?;
    Ok(Json(json!({
        "lines": found.lines,
        "through": found.through,
        "has_more": found.has_more,
    })))
}

async fn known(app: &App, job: i64) -> Result<JobId, ApiError> {
    let mut db = app.db.acquire().await?;
    Ok(find_job(&mut db, JobId(job)).await?.ok_or_else(ApiError::not_found)?.id)
}

/// A chunk as pages and streams carry it.
pub(super) fn chunk_json(chunk: &StoredChunk) -> Value {
    json!({
        "sequence": chunk.sequence,
        "step_number": chunk.step_number,
        "first_line": chunk.first_line,
        "text": chunk.text,
    })
}
