//! The runner that makes a request, and the answers to refused ones.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};

use crate::App;
use crate::http::ApiError;
use crate::jobs::{CallError, CompleteError};
use crate::runners::{self, Runner};

/// The runner a request's token belongs to.
#[derive(Debug)]
pub(in crate::http) struct Caller(pub(in crate::http) Runner);

impl FromRequestParts<App> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let unknown = || ApiError::unauthorized("this runner's token is unknown: register again");
        let token = bearer(&parts.headers).ok_or_else(unknown)?;
        let mut connection = app.db.acquire().await?;
        let runner = runners::authenticate(&mut connection, token).await?;
        runner.map(Self).ok_or_else(unknown)
    }
}

/// The token of `Authorization: Bearer <token>`.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl From<CallError> for ApiError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::NotFound(_) => Self::not_found(),
            CallError::NotYours(_) => Self::forbidden(error.to_string()),
            CallError::Stale(_) => Self::conflict(error.to_string()),
            CallError::Invalid(_) => Self::unprocessable(error.to_string()),
            CallError::Database(cause) => cause.into(),
            CallError::Other(cause) => cause.into(),
        }
    }
}

impl From<CompleteError> for ApiError {
    fn from(error: CompleteError) -> Self {
        match error {
            CompleteError::Call(error) => error.into(),
            // To be tried again, unlike a stale lease.
            CompleteError::LogIncomplete { .. } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, error.to_string())
            }
            CompleteError::Conclusion(_) => Self::unprocessable(error.to_string()),
        }
    }
}
