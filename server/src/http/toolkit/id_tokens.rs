//! Identity tokens, and what others need to verify them (`protocols` 4).

use axum::Json;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::{Value, json};

use super::caller::IdTokenJob;
use super::twirp::{Answer, TwirpError};
use crate::{App, oidc};

/// How long others may keep the key set; a new key is shown for longer before it signs.
const KEEP_KEYS: &str = "public, max-age=300";

#[derive(Debug, Deserialize)]
pub(super) struct TokenQuery {
    audience: Option<String>,
}

/// `GET /toolkit/id-token?...&audience=A`.
pub(super) async fn issue(
    State(app): State<App>,
    IdTokenJob(caller): IdTokenJob,
    Query(query): Query<TokenQuery>,
) -> Answer {
    let audience = query.audience.filter(|audience| !audience.is_empty());
    let token = oidc::issue(&app, &caller, audience).await?;
    Ok(Json(json!({ "value": token })))
}

/// `GET /.well-known/openid-configuration`.
pub(super) async fn discovery(State(app): State<App>) -> Json<Value> {
    Json(oidc::discovery(&app.config.public_url))
}

/// `GET /.well-known/jwks`.
pub(super) async fn key_set(State(app): State<App>) -> Result<impl IntoResponse, TwirpError> {
    let keys = oidc::key_set(&app).await?;
    Ok(([(header::CACHE_CONTROL, KEEP_KEYS)], Json(keys)))
}
