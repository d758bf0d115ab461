//! Issues, lists and revokes access tokens.
//!
//! Does not show one a second time: only its hash is stored. Invariant: nobody issues a token that may
//! do more than they may themselves.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use chrono::{TimeDelta, Utc};
use gantry_protocol::RepositoryId;
use schemars::JsonSchema;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::accounts::{self, AccessTokenView, Grant, Identity, NewAccessToken, Role};
use crate::http::audited::AuditDetail;
use crate::http::error::ApiError;
use crate::http::extract::{ApiJson, ApiPath, ApiQuery};
use crate::http::guard::Account;
use crate::repositories::find_by_full_name;

/// Longest life of a token that ends, in days; one that is to last longer has no end.
const MAX_DAYS: u32 = 3650;

/// Longest login, in characters, as on GitHub.
const MAX_LOGIN_LENGTH: usize = 39;

/// Longest name of a token, in characters.
const MAX_NAME_LENGTH: usize = 100;

/// Most repositories that one token names.
const MAX_REPOSITORIES: usize = 100;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// The caller's own when it is left out; administrators may name others.
    login: Option<String>,
    #[serde(default)]
    name: String,
    role: String,
    /// `owner/name` of each; all when it is left out.
    repositories: Option<Vec<String>>,
    expires_in_days: Option<u32>,
}

/// `GET /api/gantry/access-tokens`: the caller's own; `?all=true` everybody's, for administrators.
pub(crate) async fn list(
    State(app): State<App>,
    Account(account): Account,
    ApiQuery(query): ApiQuery<ListQuery>,
) -> Result<Json<Vec<AccessTokenView>>, ApiError> {
    if query.all && !is_administrator(&account) {
        return Err(ApiError::forbidden("only an administrator sees the tokens of others"));
    }
    let owner = (!query.all).then_some(&account);
    let mut db = app.db.acquire().await?;
    Ok(Json(accounts::list_access_tokens(&mut db, owner).await?))
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct ListQuery {
    all: bool,
}

/// `POST /api/gantry/access-tokens`: `{login?, name?, role, repositories?, expires_in_days?}` gives
/// `{token, expires_at}`.
pub(crate) async fn create(
    State(app): State<App>,
    Account(account): Account,
    ApiJson(request): ApiJson<Request>,
) -> Result<(StatusCode, Extension<AuditDetail>, Json<Value>), ApiError> {
    let repositories = find_repositories(&app, request.repositories.as_deref()).await?;
    let token = checked(request, &account, repositories)?;
    let mut db = app.db.acquire().await?;
    let text = accounts::issue_access_token(&mut db, &token).await?;
    let answer = json!({ "token": text.expose_secret(), "expires_at": token.expires_at });
    let detail = json!({
        "login": token.login,
        "name": token.name,
        "role": token.grant.role.as_str(),
        "repository_ids": token.grant.repositories,
        "expires_at": token.expires_at,
    });
    Ok((StatusCode::CREATED, Extension(AuditDetail(detail)), Json(answer)))
}

/// `DELETE /api/gantry/access-tokens/{token}`, by its number: one's own, or anybody's as administrator.
pub(crate) async fn revoke(
    State(app): State<App>,
    Account(account): Account,
    ApiPath(id): ApiPath<i64>,
) -> Result<StatusCode, ApiError> {
    let owner = (!is_administrator(&account)).then_some(&account);
    let mut db = app.db.acquire().await?;
    match accounts::revoke_access_token(&mut db, id, owner).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::not_found()),
    }
}

pub(super) fn is_administrator(account: &Identity) -> bool {
    account.rights.everywhere() >= Some(Role::Admin)
}

async fn find_repositories(
    app: &App,
    names: Option<&[String]>,
) -> Result<Option<Vec<RepositoryId>>, ApiError> {
    let Some(names) = names else { return Ok(None) };
    if !(1..=MAX_REPOSITORIES).contains(&names.len()) {
        return Err(ApiError::unprocessable("`repositories` names 1 to 100, or is left out"));
    }
    let mut db = app.db.acquire().await?;
    let mut ids = Vec::new();
    for full_name in names {
        let (owner, name) = full_name.split_once('/').unwrap_or((full_name, ""));
        let found = find_by_full_name(&mut db, owner, name).await?;
        ids.push(found.ok_or_else(|| unknown_repository(full_name))?.id);
    }
    Ok(Some(ids))
}

/// The same for one that there is not and for one that the caller may not see.
fn unknown_repository(full_name: &str) -> ApiError {
    ApiError::unprocessable(format!("there is no repository `{full_name}`"))
}

fn checked(
    request: Request,
    account: &Identity,
    repositories: Option<Vec<RepositoryId>>,
) -> Result<NewAccessToken, ApiError> {
    let Some(role) = Role::from_word(&request.role) else {
        return Err(ApiError::unprocessable("`role` is one of `read`, `write`, `admin`"));
    };
    let login = request.login.unwrap_or_else(|| account.login.clone());
    if login != account.login && !is_administrator(account) {
        return Err(ApiError::forbidden("only an administrator issues tokens for others"));
    }
    let is_login = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if !(1..=MAX_LOGIN_LENGTH).contains(&login.len()) || !login.chars().all(is_login) {
        return Err(ApiError::unprocessable("`login` is 1 to 39 letters, digits and hyphens"));
    }
    if request.name.chars().count() > MAX_NAME_LENGTH {
        return Err(ApiError::unprocessable("`name` has at most 100 characters"));
    }
    let expires_at = match request.expires_in_days {
        None => None,
        Some(days @ 1..=MAX_DAYS) => Some(Utc::now() + TimeDelta::days(days.into())),
        Some(_) => return Err(ApiError::unprocessable("`expires_in_days` is 1 to 3650")),
    };
    let grant = within(account, role, (repositories, request.repositories))?;
    // A token for somebody else is an account of this server.
    let github_id = account.github_id.filter(|_| login == account.login);
    Ok(NewAccessToken { login, github_id, name: request.name, grant, expires_at })
}

/// The wanted grant, if it is not more than the caller has.
fn within(
    caller: &Identity,
    role: Role,
    (repositories, names): (Option<Vec<RepositoryId>>, Option<Vec<String>>),
) -> Result<Grant, ApiError> {
    let too_much = || ApiError::forbidden("a token may not do more than the one who issues it");
    if role > caller.grant.role {
        return Err(too_much());
    }
    let Some(ids) = repositories else {
        // What is left out is everything that the caller has; of a GitHub account, then as now.
        return Ok(Grant { role, repositories: caller.grant.repositories.clone() });
    };
    for (id, name) in ids.iter().zip(names.unwrap_or_default()) {
        match caller.rights.role_in(*id) {
            None => return Err(unknown_repository(&name)),
            Some(own) if own < role => return Err(too_much()),
            Some(_) => {}
        }
    }
    Ok(Grant { role, repositories: Some(ids.into_iter().collect()) })
}
