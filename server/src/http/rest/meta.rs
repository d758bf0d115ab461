//! What clients ask before anything else: who am I, what are you.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderName;
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::repositories::account_json;
use crate::App;
use crate::accounts::{self, Role};
use crate::http::error::ApiError;
use crate::http::guard::Account;
use crate::http::links::Links;

/// The release of GitHub Enterprise Server whose API we follow; newer `gh` refuses to work with a
/// server that does not say.
const FOLLOWED_RELEASE: &str = "3.19.0";

/// `GET /user`.
pub(crate) async fn user(
    State(app): State<App>,
    Account(account): Account,
    links: Links,
) -> Result<Json<Value>, ApiError> {
    let mut db = app.db.acquire().await?;
    let since = accounts::account_since(&mut db, &account.login).await?;
    let mut body = account_json(&links, &account.login);
    body["name"] = json!(account.login);
    body["site_admin"] = json!(account.rights.everywhere() >= Some(Role::Admin));
    body["created_at"] = json!(since);
    body["updated_at"] = json!(since);
    for unknown in ["company", "blog", "location", "email", "hireable", "bio"] {
        body[unknown] = Value::Null;
    }
    for counter in ["public_repos", "public_gists", "followers", "following"] {
        body[counter] = json!(0);
    }
    Ok(Json(body))
}

/// `GET /meta`.
pub(crate) async fn meta() -> Json<Value> {
    Json(json!({
        "verifiable_password_authentication": false,
        "installed_version": FOLLOWED_RELEASE,
    }))
}

/// `GET /` of the API. `gh auth login` reads the scopes; an empty list is that of an integration.
pub(crate) async fn root(links: Links) -> impl IntoResponse {
    let api = &links.api;
    let body = json!({
        "current_user_url": format!("{api}/user"),
        "repository_url": format!("{api}/repos/{{owner}}/{{repo}}"),
    });
    ([(HeaderName::from_static("x-oauth-scopes"), "")], Json(body))
}

/// `GET /rate_limit`: we do not limit by number of requests, so the limit is out of reach.
pub(crate) async fn rate_limit() -> Json<Value> {
    let resource = json!({ "limit": 1_000_000, "used": 0, "remaining": 1_000_000, "reset": 0 });
    Json(json!({
        "resources": { "core": resource, "graphql": resource, "search": resource },
        "rate": resource,
    }))
}
