//! Pages of a job's log.

use axum::Json;
use axum::extract::State;
use gantry_protocol::JobId;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::http::error::ApiError;
use crate::http::extract::{ApiPath, ApiQuery};
use crate::jobs::view::find_job;
use crate::logs::{StoredChunk, page_after};

/// Where to go on.
#[derive(Clone, Copy, Debug, Deserialize)]
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
    let mut db = app.db.acquire().await?;
    let job = find_job(&mut db, JobId(job)).await?.ok_or_else(ApiError::not_found)?;
    drop(db);
    let place = (job.id, query.after);
    let max_bytes = query.max_bytes.unwrap_or(i64::MAX);
    let page = page_after(&app.db, app.storage.as_ref(), place, max_bytes).await?;
    let chunks: Vec<_> = page.chunks.iter().map(chunk_json).collect();
    Ok(Json(json!({ "chunks": chunks, "is_complete": page.is_complete })))
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
