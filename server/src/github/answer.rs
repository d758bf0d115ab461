//! What GitHub answered, and whether another attempt is worth it.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, Response, StatusCode};
use chrono::Utc;
use serde::de::DeserializeOwned;

/// Longest answer that is read, in bytes: a blob of 1 MiB as base64 inside of JSON, and much air.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// Longest part of a refusal that is kept, in characters.
const MAX_REASON_CHARACTERS: usize = 300;

/// GitHub asks for at least this pause when it limits us without naming one.
const PAUSE_WHEN_LIMITED: Duration = Duration::from_secs(60);

/// Why a call did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum GitHubError {
    /// Worth another attempt, not before the given time has passed.
    #[error("{reason}")]
    Later { reason: String, retry_after: Option<Duration> },
    /// 404: there is no such thing, or we may not see it.
    #[error("{0}")]
    NotFound(String),
    /// GitHub will never accept it.
    #[error("{0}")]
    Refused(String),
    /// The server is not connected to a GitHub, or the repository has no installation.
    #[error("{0}")]
    NotConnected(String),
}

impl GitHubError {
    pub(super) fn later(reason: String) -> Self {
        Self::Later { reason, retry_after: None }
    }
}

/// The body of a successful answer.
pub(super) async fn read<B>(answer: octocrab::Result<Response<B>>) -> Result<Bytes, GitHubError>
where
    B: axum::body::HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    let (parts, body) = answer.map_err(unanswered)?.into_parts();
    let body = axum::body::to_bytes(axum::body::Body::new(body), MAX_ANSWER_BYTES)
        .await
        .map_err(|error| GitHubError::later(format!("GitHub's answer broke off: {error}")))?;
    if parts.status.is_success() {
        return Ok(body);
    }
    Err(refusal(parts.status, &parts.headers, &body))
}

/// A call that gave no answer; also the request for an installation's token, which octocrab makes on
/// its own before the call.
pub(super) fn unanswered(error: octocrab::Error) -> GitHubError {
    match error {
        octocrab::Error::GitHub { source, .. } => {
            let headers = HeaderMap::new();
            refusal(source.status_code, &headers, source.message.as_bytes())
        }
        error => GitHubError::later(format!("GitHub cannot be reached: {error}")),
    }
}

fn refusal(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> GitHubError {
    let text = String::from_utf8_lossy(body);
    let text: String = text.chars().take(MAX_REASON_CHARACTERS).collect();
    let reason = format!("GitHub answered {status}: {text}");
    let retry_after = retry_after(headers);
    // A secondary limit comes as 403 without any header, and says so.
    let says_limit = status == StatusCode::FORBIDDEN && text.contains("rate limit");
    if status == StatusCode::TOO_MANY_REQUESTS
        || says_limit
        || (status == StatusCode::FORBIDDEN && retry_after.is_some())
    {
        let retry_after = Some(retry_after.unwrap_or(PAUSE_WHEN_LIMITED));
        return GitHubError::Later { reason, retry_after };
    }
    if status.is_server_error() || status == StatusCode::UNAUTHORIZED {
        return GitHubError::Later { reason, retry_after };
    }
    match status {
        StatusCode::NOT_FOUND => GitHubError::NotFound(reason),
        _ => GitHubError::Refused(reason),
    }
}

/// GitHub's two ways of asking for patience.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    if let Some(seconds) = number(headers, "retry-after") {
        return Some(Duration::from_secs(seconds));
    }
    if number(headers, "x-ratelimit-remaining")? > 0 {
        return None;
    }
    until_reset(headers)
}

/// How long whoever asks again and again shall wait, by a good answer: what GitHub says, and until its
/// limit is new when less than a tenth of it is left, which is for others.
pub(super) fn asked_pause(headers: &HeaderMap) -> Duration {
    let said = Duration::from_secs(number(headers, "x-poll-interval").unwrap_or_default());
    let limit = number(headers, "x-ratelimit-limit").zip(number(headers, "x-ratelimit-remaining"));
    let is_short = limit.is_some_and(|(limit, remaining)| remaining < limit / 10);
    let until_reset = until_reset(headers).filter(|_| is_short).unwrap_or_default();
    said.max(until_reset)
}

fn until_reset(headers: &HeaderMap) -> Option<Duration> {
    let now = u64::try_from(Utc::now().timestamp()).ok()?;
    Some(Duration::from_secs(number(headers, "x-ratelimit-reset")?.saturating_sub(now)))
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

/// An answer that was cut on its way is one to ask for again.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, GitHubError> {
    serde_json::from_slice(body)
        .map_err(|error| GitHubError::later(format!("GitHub's answer is not as expected: {error}")))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, StatusCode};

    use super::{GitHubError, refusal};

    fn later(status: u16, headers: &[(&'static str, &str)], body: &str) -> Option<Option<u64>> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_str(value).expect("a header"));
        }
        let status = StatusCode::from_u16(status).expect("a status");
        match refusal(status, &map, body.as_bytes()) {
            GitHubError::Later { retry_after, .. } => {
                Some(retry_after.map(|pause| pause.as_secs()))
            }
            _ => None,
        }
    }

    #[test]
    fn limits_and_faults_are_worth_another_attempt_and_refusals_are_not() {
        assert_eq!(later(502, &[], ""), Some(None));
        assert_eq!(later(401, &[], "Bad credentials"), Some(None));
        assert_eq!(later(429, &[("retry-after", "7")], ""), Some(Some(7)));
        assert_eq!(later(429, &[], ""), Some(Some(60)));
        assert_eq!(later(403, &[], "You have exceeded a secondary rate limit"), Some(Some(60)));
        let exhausted = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1")];
        assert_eq!(later(403, &exhausted, ""), Some(Some(0)));
        assert_eq!(later(403, &[("x-ratelimit-remaining", "9")], "Forbidden"), None);
        assert_eq!(later(422, &[], "Validation Failed"), None);
        assert_eq!(later(404, &[], "Not Found"), None);
    }
}
