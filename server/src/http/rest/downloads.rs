//! Logs behind links that need no token: clients drop theirs when they follow a redirect.
//!
//! Who asks for a link has been admitted before; the guard lets nobody in whose link we have not
//! signed for this very path.

use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use gantry_protocol::JobId;

use super::jobs::JobPath;
use crate::http::error::ApiError;
use crate::http::extract::ApiPath;
use crate::http::links::Links;
use crate::{App, accounts};

/// The answer that sends a client to `path` for as long as the link lives.
pub(super) fn redirect(app: &App, links: &Links, path: &str) -> Response {
    let link = accounts::sign_link(&app.vault, path, Utc::now());
    (StatusCode::FOUND, [(header::LOCATION, format!("{}{link}", links.origin))]).into_response()
}

/// Where the log of a job is behind a signed link.
pub(super) fn path_of_log(job: JobId) -> String {
    format!("/api/gantry/downloads/jobs/{job}/log.txt")
}

/// `GET /api/gantry/downloads/jobs/{job}/log.txt`.
pub(crate) async fn job_log(
    State(app): State<App>,
    ApiPath(path): ApiPath<JobPath>,
) -> Result<Response, ApiError> {
    let text = Body::from_stream(crate::logs::texts(app.db, app.storage, JobId(path.job)));
    // `nosniff` comes with every answer; a log is never a page.
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}
