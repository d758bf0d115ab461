//! The sessions of browsers: seen and ended.
//!
//! Does not show what a session is opened by. Invariant: nobody but an administrator sees those of others.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use secrecy::ExposeSecret as _;
use serde::Deserialize;

use super::access_tokens::is_administrator;
use crate::App;
use crate::accounts::{self, Credential, SessionView};
use crate::http::error::ApiError;
use crate::http::extract::{ApiPath, ApiQuery};
use crate::http::guard::Account;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct ListQuery {
    all: bool,
}

/// `GET /api/gantry/sessions`: the caller's own; `?all=true` everybody's, for administrators.
pub(crate) async fn list(
    State(app): State<App>,
    Account(account): Account,
    ApiQuery(query): ApiQuery<ListQuery>,
    headers: HeaderMap,
) -> Result<Json<Vec<SessionView>>, ApiError> {
    if query.all && !is_administrator(&account) {
        return Err(ApiError::forbidden("only an administrator sees the sessions of others"));
    }
    let current = match accounts::credential(&headers) {
        Some(Credential::Session(session)) => Some(session),
        Some(Credential::Token(_)) | None => None,
    };
    let current = current.as_ref().map(|session| session.expose_secret());
    let owner = (!query.all).then_some(&account);
    let mut db = app.db.acquire().await?;
    Ok(Json(accounts::list_sessions(&mut db, owner, current).await?))
}

/// `DELETE /api/gantry/sessions/{session}`, by its number: one's own, or anybody's as administrator.
pub(crate) async fn revoke(
    State(app): State<App>,
    Account(account): Account,
    ApiPath(id): ApiPath<i64>,
) -> Result<StatusCode, ApiError> {
    let owner = (!is_administrator(&account)).then_some(&account);
    let mut db = app.db.acquire().await?;
    match accounts::revoke_session(&mut db, id, owner).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::not_found()),
    }
}
