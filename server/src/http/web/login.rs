//! Sign-in by a one-time link, the session, and its end.
//!
//! Does not keep passwords. Invariant: the session's cookie is invisible to scripts and is sent to
//! nobody else's requests.

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Json};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::App;
use crate::accounts::{
    self, Credential, HOST_SESSION_COOKIE, Identity, NewSession, Role, SESSION_COOKIE,
};
use crate::http::audited::{self, SignedIn};
use crate::http::described::Argument;
use crate::http::error::ApiError;
use crate::http::extract::ApiPath;
use crate::http::guard::Account;
use crate::http::links::Links;
use crate::repositories;

/// `GET /api/gantry/session`: the role in everything, or null, and then the role in each repository that
/// may be seen.
pub(crate) async fn session(
    State(app): State<App>,
    Account(account): Account,
) -> Result<Json<Value>, ApiError> {
    let rights = &account.rights;
    let mut body = json!({
        "login": account.login,
        "role": rights.everywhere().map(Role::as_str),
        "repositories": null,
    });
    if rights.everywhere().is_none() {
        let mut db = app.db.acquire().await?;
        let all = repositories::list(&mut db).await?;
        let roles = all.iter().filter_map(|it| Some((it.full_name(), rights.role_in(it.id)?)));
        body["repositories"] = roles.map(|(name, role)| (name, json!(role.as_str()))).collect();
    }
    Ok(Json(body))
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
    browser: Browser,
) -> Result<Response, ApiError> {
    let mut db = app.db.acquire().await?;
    let Some(identity) = accounts::redeem_login_code(&mut db, &code).await? else {
        return Ok(used_link());
    };
    drop(db);
    browser.sign_in(&app, (identity, "/")).await
}

/// What is to be known of a browser that signs in.
#[derive(Clone, Debug)]
pub(crate) struct Browser {
    address: Option<String>,
    name: String,
    is_tls: bool,
    old_session: Option<SecretString>,
}

impl FromRequestParts<App> for Browser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let links = Links::from_request_parts(parts, app).await?;
        let name = parts.headers.get(header::USER_AGENT).and_then(|name| name.to_str().ok());
        let old_session = match accounts::credential(&parts.headers) {
            Some(Credential::Session(session)) => Some(session),
            Some(Credential::Token(_)) | None => None,
        };
        Ok(Self {
            address: audited::address(parts),
            name: name.unwrap_or_default().to_owned(),
            is_tls: [&links.pages, &app.config.public_url].iter().any(|it| it.starts_with("https")),
            old_session,
        })
    }
}

impl Argument for Browser {}

impl Browser {
    /// A new session in place of the one that the browser had, and on to `path`.
    pub(super) async fn sign_in(
        &self,
        app: &App,
        (identity, path): (Identity, &str),
    ) -> Result<Response, ApiError> {
        let mut db = app.db.acquire().await?;
        let session = NewSession {
            identity: &identity,
            address: self.address.as_deref(),
            browser: &self.name,
            replaces: self.old_session.as_ref().map(SecretString::expose_secret),
        };
        let session = accounts::begin_session(&mut db, &session).await?;
        let name = if self.is_tls { HOST_SESSION_COOKIE } else { SESSION_COOKIE };
        let cookie = self.cookie(name, session.expose_secret(), SameSite::Strict);
        let signed_in = Extension(SignedIn(identity));
        Ok((signed_in, CookieJar::new().add(cookie), Redirect::to(path)).into_response())
    }

    /// A cookie that scripts do not see.
    pub(super) fn cookie(&self, name: &str, value: &str, same_site: SameSite) -> Cookie<'static> {
        Cookie::build((name.to_owned(), value.to_owned()))
            .path("/")
            .http_only(true)
            .same_site(same_site)
            .secure(self.is_tls)
            .build()
    }
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
    let gone = |name| Cookie::build(name).path("/").secure(name == HOST_SESSION_COOKIE).build();
    let jar = CookieJar::from_headers(&headers)
        .remove(gone(SESSION_COOKIE))
        .remove(gone(HOST_SESSION_COOKIE));
    Ok((StatusCode::NO_CONTENT, jar).into_response())
}

fn used_link() -> Response {
    let text = "This sign-in link has been used already or is too old.\n\
                Run `gantry login` for a new one.\n";
    (StatusCode::GONE, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
