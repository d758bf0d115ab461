//! Sign-in with a GitHub account.
//!
//! Does not talk to GitHub; `members` does. Invariant: whatever goes wrong, the browser ends on our page,
//! which says what to do.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Json};
use axum_extra::extract::cookie::{CookieJar, SameSite};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::login::Browser;
use crate::App;
use crate::http::audited::NotSignedIn;
use crate::http::error::ApiError;
use crate::http::extract::ApiQuery;
use crate::members::{self, SignInError};

/// Holds a sign-in that is under way. GitHub sends the browser back, so it may come from there.
const TICKET_COOKIE: &str = "gantry_sign_in";

/// `GET /api/gantry/sign-in`: how people may sign in. `github` is null, or names the server that the
/// account is of.
pub(crate) async fn ways(State(app): State<App>) -> Json<Value> {
    let server = members::oauth_client(&app).and_then(|_| app.github.server_url());
    let server = server.map(|url| url.split("://").nth(1).unwrap_or(&url).to_owned());
    Json(json!({ "github": server.map(|server| json!({ "server": server })) }))
}

/// `?to=/acme/app`: where to go afterwards.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct BeginQuery {
    to: String,
}

/// `GET /login/github`.
pub(crate) async fn begin(
    State(app): State<App>,
    ApiQuery(query): ApiQuery<BeginQuery>,
    browser: Browser,
) -> Response {
    match members::begin_sign_in(&app, &query.to) {
        Ok(attempt) => {
            let cookie = browser.cookie(TICKET_COOKIE, &attempt.ticket, SameSite::Lax);
            let uncached = [(header::CACHE_CONTROL, "no-store")];
            let there = Redirect::to(attempt.url.as_str());
            (uncached, CookieJar::new().add(cookie), there).into_response()
        }
        Err(error) => refusal(&error),
    }
}

/// What GitHub comes back with.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct FinishQuery {
    code: String,
    state: String,
    /// `access_denied` when the person does not want to.
    error: String,
}

/// `GET /login/github/callback`.
pub(crate) async fn finish(
    State(app): State<App>,
    ApiQuery(query): ApiQuery<FinishQuery>,
    browser: Browser,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let jar = CookieJar::from_headers(&headers);
    let ticket = jar.get(TICKET_COOKIE).map(|cookie| cookie.value().to_owned());
    let used = CookieJar::new().add({
        let mut used = browser.cookie(TICKET_COOKIE, "", SameSite::Lax);
        used.make_removal();
        used
    });
    if query.error == "access_denied" {
        return Ok((used, problem("denied", None)).into_response());
    }
    let ticket = ticket.unwrap_or_default();
    let came = (query.state.as_str(), query.code.as_str());
    match members::finish_sign_in(&app, &ticket, came).await {
        Ok((identity, path)) => {
            let answer = browser.sign_in(&app, (identity, &path)).await?;
            Ok((used, answer).into_response())
        }
        Err(error) => Ok((used, refusal(&error)).into_response()),
    }
}

fn refusal(error: &SignInError) -> Response {
    match error {
        SignInError::Off => problem("off", None),
        SignInError::Stale => problem("stale", None),
        SignInError::Stranger { login } => problem("stranger", Some(login)),
        SignInError::GitHub(error) => {
            tracing::warn!(%error, "a sign-in with GitHub failed");
            problem("failed", None)
        }
    }
}

/// The page says in words what `code` means.
fn problem(code: &str, login: Option<&String>) -> Response {
    let account = login.map(|login| format!("&account={login}")).unwrap_or_default();
    let place = Redirect::to(&format!("/?sign-in={code}{account}"));
    (Extension(NotSignedIn(login.cloned())), place).into_response()
}
