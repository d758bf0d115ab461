//! Sign-in by a one-time link, the session, and its end.
//!
//! Does not keep passwords. Invariant: the session's cookie is invisible to scripts and is sent to
//! nobody else's requests.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Json};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::App;
use crate::accounts::{self, Credential, Rights, SESSION_COOKIE};
use crate::http::audited::SignedIn;
use crate::http::error::ApiError;
use crate::http::extract::ApiPath;
use crate::http::guard::Account;
use crate::http::links::Links;

/// `GET /api/gantry/session`: the role, and the numbers of the repositories in which it holds; null for
/// all.
pub(crate) async fn session(Account(account): Account) -> Json<Value> {
    let Rights { role, repositories } = &account.rights;
    Json(json!({ "login": account.login, "role": role.as_str(), "repository_ids": repositories }))
}

/// `POST /api/gantry/login-links`: a link that signs in once as the caller.
pub(crate) async fn create_link(
    State(app): State<App>,
    Account(account): Account,
    links: Links,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let mut db = app.db.acquire().await?;
    let code = accounts::create_login_code(&mut db, &account).await?;
    let url = format!("{}/login/{}", links.pages, code.expose_secret());
    Ok((StatusCode::CREATED, Json(json!({ "url": url }))))
}

/// `GET /login/{code}`.
pub(crate) async fn redeem(
    State(app): State<App>,
    ApiPath(code): ApiPath<String>,
) -> Result<Response, ApiError> {
    let mut db = app.db.acquire().await?;
    let Some((session, identity)) = accounts::redeem_login_code(&mut db, &code).await? else {
        return Ok(used_link());
    };
    let is_tls = app.config.public_url.starts_with("https://");
    let cookie = Cookie::build((SESSION_COOKIE, session.expose_secret().to_owned()))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(is_tls)
        .build();
    let signed_in = Extension(SignedIn(identity));
    Ok((signed_in, CookieJar::new().add(cookie), Redirect::to("/")).into_response())
}

/// `POST /api/gantry/logout`.
pub(crate) async fn logout(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if let Some(Credential::Session(session)) = accounts::credential(&headers) {
        let mut db = app.db.acquire().await?;
        accounts::end_session(&mut db, session.expose_secret()).await?;
    }
    let gone = Cookie::build(SESSION_COOKIE).path("/").build();
    let jar = CookieJar::from_headers(&headers).remove(gone);
    Ok((StatusCode::NO_CONTENT, jar).into_response())
}

fn used_link() -> Response {
    let text = "This sign-in link has been used already or is too old.\n\
                Run `gantry login` for a new one.\n";
    (StatusCode::GONE, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
