//! Searching all logs of a run.

use axum::Json;
use axum::extract::State;
use gantry_protocol::RunId;
use regex::{Regex, RegexBuilder};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::http::error::ApiError;
use crate::http::extract::{ApiPath, ApiQuery};
use crate::http::rest::runs::RunPath;
use crate::jobs::view::jobs_of_run;
use crate::logs::{Hit, search};

/// Longest pattern, in bytes.
const MAX_PATTERN_BYTES: usize = 1000;

/// Largest compiled pattern, in bytes; matching takes time linear in the log whatever it is.
const MAX_COMPILED_BYTES: usize = 1024 * 1024;

/// What to look for, ignoring case.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct SearchQuery {
    q: String,
    /// `q` is a regular expression, and no plain text.
    #[serde(default)]
    regex: bool,
}

/// `GET /api/gantry/runs/{run}/attempts/{attempt}/log-search`.
pub(crate) async fn get(
    State(app): State<App>,
    ApiPath(path): ApiPath<RunPath>,
    ApiQuery(query): ApiQuery<SearchQuery>,
) -> Result<Json<Value>, ApiError> {
    let pattern = pattern(&query.q, query.regex)?;
    let mut db = app.db.acquire().await?;
    let jobs = jobs_of_run(&mut db, RunId(path.run), path.attempt.unwrap_or_default()).await?;
    drop(db);
    let ids: Vec<_> = jobs.iter().map(|job| job.id).collect();
    let found = search(&app.db, app.storage.as_ref(), (&ids, &pattern)).await?;
    let hits: Vec<_> = found.hits.iter().map(hit_json).collect();
    Ok(Json(json!({ "hits": hits, "is_cut": found.is_cut })))
}

/// `q` as a pattern that ignores case; `is_regex`, or a plain text.
pub(super) fn pattern(q: &str, is_regex: bool) -> Result<Regex, ApiError> {
    if q.is_empty() || q.len() > MAX_PATTERN_BYTES {
        return Err(ApiError::unprocessable("`q` is 1 to 1000 bytes long"));
    }
    let text = if is_regex { q.to_owned() } else { regex::escape(q) };
    RegexBuilder::new(&text)
        .case_insensitive(true)
        .size_limit(MAX_COMPILED_BYTES)
        .build()
        .map_err(|error| ApiError::unprocessable(error.to_string()))
}

fn hit_json(hit: &Hit) -> Value {
    json!({
        "job_id": hit.job,
        "step_number": hit.step_number,
        "line": hit.line,
        "text": hit.text,
        "before": hit.before,
        "after": hit.after,
    })
}
