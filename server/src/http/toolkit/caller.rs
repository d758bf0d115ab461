//! The job that makes a request.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use super::twirp::TwirpError;
use crate::App;
use crate::tokens::{self, JobCaller, Purpose};

/// A job that has shown its runtime token and still runs.
#[derive(Debug)]
pub(super) struct Job(pub(super) JobCaller);

impl FromRequestParts<App> for Job {
    type Rejection = TwirpError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, TwirpError> {
        caller(app, Purpose::Runtime, &parts.headers).await.map(Self)
    }
}

/// A job that may ask for identity tokens.
#[derive(Debug)]
pub(super) struct IdTokenJob(pub(super) JobCaller);

impl FromRequestParts<App> for IdTokenJob {
    type Rejection = TwirpError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, TwirpError> {
        caller(app, Purpose::IdTokenRequest, &parts.headers).await.map(Self)
    }
}

async fn caller(app: &App, purpose: Purpose, headers: &HeaderMap) -> Result<JobCaller, TwirpError> {
    let token = bearer(headers).ok_or_else(TwirpError::unauthenticated)?;
    tokens::verify(app, purpose, token).await?.ok_or_else(TwirpError::unauthenticated)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
