//! Issues access tokens.
//!
//! Does not show one a second time: only its hash is stored.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use chrono::{TimeDelta, Utc};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::accounts::{self, NewAccessToken, Role};
use crate::http::audited::AuditDetail;
use crate::http::error::ApiError;
use crate::http::extract::ApiJson;

/// Longest life of a token that ends, in days; one that is to last longer has no end.
const MAX_DAYS: u32 = 3650;

/// Longest login, in characters, as on GitHub.
const MAX_LOGIN_LENGTH: usize = 39;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    login: String,
    role: String,
    expires_in_days: Option<u32>,
}

/// `POST /api/gantry/access-tokens`: `{login, role, expires_in_days?}` gives `{token, expires_at}`.
pub(crate) async fn create(
    State(app): State<App>,
    ApiJson(request): ApiJson<Request>,
) -> Result<(StatusCode, Extension<AuditDetail>, Json<Value>), ApiError> {
    let token = checked(request)?;
    let mut db = app.db.acquire().await?;
    let text = accounts::issue_access_token(&mut db, &token).await?;
    let answer = json!({ "token": text.expose_secret(), "expires_at": token.expires_at });
    let detail = json!({
        "login": token.login,
        "role": token.role.as_str(),
        "expires_at": token.expires_at,
    });
    Ok((StatusCode::CREATED, Extension(AuditDetail(detail)), Json(answer)))
}

fn checked(request: Request) -> Result<NewAccessToken, ApiError> {
    let Some(role) = Role::from_word(&request.role) else {
        return Err(ApiError::unprocessable("`role` is one of `read`, `write`, `admin`"));
    };
    let is_login = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let length = request.login.len();
    if !(1..=MAX_LOGIN_LENGTH).contains(&length) || !request.login.chars().all(is_login) {
        return Err(ApiError::unprocessable("`login` is 1 to 39 letters, digits and hyphens"));
    }
    let expires_at = match request.expires_in_days {
        None => None,
        Some(days @ 1..=MAX_DAYS) => Some(Utc::now() + TimeDelta::days(days.into())),
        Some(_) => return Err(ApiError::unprocessable("`expires_in_days` is 1 to 3650")),
    };
    Ok(NewAccessToken { login: request.login, role, expires_at })
}
