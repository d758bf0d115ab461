//! The calls to GitHub's check-runs API.
//!
//! Never tries again by itself: a repeated `POST` would make a second check run, and only the
//! outbox knows when a retry is due.

use std::time::Duration;

use anyhow::Context;
use axum::body::Bytes;
use axum::http::{HeaderMap, Response, StatusCode};
use chrono::Utc;
use octocrab::Octocrab;
use octocrab::service::middleware::retry::RetryConfig;
use secrecy::ExposeSecret;
use serde::Deserialize;

use super::wanted::{Place, WantedCheckRun};
use crate::config::GitHubAccess;

/// Longest a call may take before it counts as failed.
const CALL_TIMEOUT: Duration = Duration::from_secs(20);

/// Longest answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// Why a call did not succeed.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReportError {
    /// Worth another attempt, not before the given time has passed.
    #[error("{reason}")]
    Later { reason: String, retry_after: Option<Duration> },
    /// GitHub will never accept it.
    #[error("{0}")]
    Refused(String),
}

/// A client for one GitHub.
#[derive(Clone, Debug)]
pub(super) struct Client {
    octocrab: Octocrab,
}

#[derive(Deserialize)]
struct CheckRun {
    id: i64,
    external_id: Option<String>,
}

#[derive(Deserialize)]
struct CheckRuns {
    check_runs: Vec<CheckRun>,
}

impl Client {
    pub(super) fn new(access: &GitHubAccess) -> anyhow::Result<Self> {
        let octocrab = Octocrab::builder()
            .base_uri(access.api_url.as_str())
            .context("the configured URL of GitHub's API")?
            .personal_token(access.token.expose_secret().to_owned())
            .add_retry_config(RetryConfig::None)
            .set_connect_timeout(Some(CALL_TIMEOUT))
            .set_read_timeout(Some(CALL_TIMEOUT))
            .set_write_timeout(Some(CALL_TIMEOUT))
            .build()
            .context("building the client for GitHub's API")?;
        Ok(Self { octocrab })
    }

    /// Creates a check run and returns its number.
    pub(super) async fn create(
        &self,
        place: Place<'_>,
        wanted: &WantedCheckRun,
    ) -> Result<i64, ReportError> {
        let path = format!("/repos/{}/{}/check-runs", place.owner, place.repository);
        let answer = read(self.octocrab._post(path, Some(wanted)).await).await?;
        Ok(parse::<CheckRun>(&answer)?.id)
    }

    pub(super) async fn update(
        &self,
        place: Place<'_>,
        check_run_id: i64,
        wanted: &WantedCheckRun,
    ) -> Result<(), ReportError> {
        let path = format!("/repos/{}/{}/check-runs/{check_run_id}", place.owner, place.repository);
        read(self.octocrab._patch(path, Some(wanted)).await).await.map(drop)
    }

    /// The check run that an earlier attempt made without learning of it.
    pub(super) async fn find(
        &self,
        place: Place<'_>,
        wanted: &WantedCheckRun,
    ) -> Result<Option<i64>, ReportError> {
        let path = format!(
            "/repos/{}/{}/commits/{}/check-runs?per_page=100",
            place.owner, place.repository, place.head_sha
        );
        let answer = read(self.octocrab._get(path).await).await?;
        let found = parse::<CheckRuns>(&answer)?.check_runs.into_iter();
        Ok(found
            .filter(|run| run.external_id.as_deref() == Some(&wanted.external_id))
            .map(|run| run.id)
            .next())
    }
}

/// The body of a successful answer.
async fn read<B>(answer: octocrab::Result<Response<B>>) -> Result<Bytes, ReportError>
where
    B: axum::body::HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    let later = |reason: String| ReportError::Later { reason, retry_after: None };
    let (parts, body) =
        answer.map_err(|error| later(format!("GitHub cannot be reached: {error}")))?.into_parts();
    let body = axum::body::to_bytes(axum::body::Body::new(body), MAX_ANSWER_BYTES)
        .await
        .map_err(|error| later(format!("GitHub's answer broke off: {error}")))?;
    if parts.status.is_success() {
        return Ok(body);
    }
    Err(refusal(parts.status, &parts.headers, &body))
}

fn refusal(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> ReportError {
    let text = String::from_utf8_lossy(body);
    let reason =
        format!("GitHub answered {status}: {}", text.chars().take(300).collect::<String>());
    let retry_after = retry_after(headers);
    let is_limited = status == StatusCode::TOO_MANY_REQUESTS
        || (status == StatusCode::FORBIDDEN && retry_after.is_some());
    if status.is_server_error() || is_limited || status == StatusCode::UNAUTHORIZED {
        ReportError::Later { reason, retry_after }
    } else {
        ReportError::Refused(reason)
    }
}

/// GitHub's two ways of asking for patience.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.parse::<u64>().ok();
    if let Some(seconds) = number("retry-after") {
        return Some(Duration::from_secs(seconds));
    }
    if number("x-ratelimit-remaining")? > 0 {
        return None;
    }
    let now = u64::try_from(Utc::now().timestamp()).ok()?;
    Some(Duration::from_secs(number("x-ratelimit-reset")?.saturating_sub(now)))
}

fn parse<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, ReportError> {
    serde_json::from_slice(body).map_err(|error| ReportError::Later {
        reason: format!("GitHub's answer is not as expected: {error}"),
        retry_after: None,
    })
}
