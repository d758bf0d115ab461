//! The page that makes a GitHub App of this server by one click.
//!
//! A page of its own without scripts: it sends a form to GitHub, which the application's pages must not.
//! Invariant: only an administrator gets a state, and without one the callback does nothing.

use std::fmt::Write as _;

use axum::Extension;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::App;
use crate::config::server_url;
use crate::github::{self, PERMISSIONS, SetupError};
use crate::http::audited::AuditDetail;
use crate::http::error::ApiError;
use crate::http::extract::ApiQuery;
use crate::http::guard::Account;

/// `?organization=`.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct SetupQuery {
    organization: Option<String>,
}

/// `GET /setup/github`.
pub(crate) async fn page(
    State(app): State<App>,
    Account(account): Account,
    ApiQuery(query): ApiQuery<SetupQuery>,
) -> Result<Response, ApiError> {
    if app.github.is_connected() {
        let text = "<p>This server is connected to GitHub already.</p>";
        return Ok(html(StatusCode::OK, text, None));
    }
    let organization = query.organization.filter(|name| !name.is_empty());
    let is_name = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if organization.as_deref().is_some_and(|name| !is_name(name)) {
        return Err(ApiError::unprocessable("`organization` is the name of an organization"));
    }
    let mut db = app.db.acquire().await?;
    let state = github::begin_setup(&mut db, &account.login).await?;
    drop(db);
    let server = server_url(&app.config.github_api_url);
    let owner = organization.as_deref().map(|name| format!("/organizations/{name}"));
    let action = format!("{server}{}/settings/apps/new?state={state}", owner.unwrap_or_default());
    let manifest = github::manifest(&app.config.public_url).to_string();
    let body = form(&action, &manifest, organization.as_deref());
    Ok(html(StatusCode::OK, &body, Some(server)))
}

/// What GitHub comes back with.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct CallbackQuery {
    code: Option<String>,
    state: Option<String>,
}

/// `GET /setup/github/callback`. The browser comes from GitHub and so without its session; the state says
/// who began.
pub(crate) async fn callback(
    State(app): State<App>,
    ApiQuery(query): ApiQuery<CallbackQuery>,
) -> Result<Response, ApiError> {
    let state = query.state.unwrap_or_default();
    let code = query.code.unwrap_or_default();
    let made = github::finish_setup(&app, &state, &code).await?;
    tracing::info!(app.id = made.app_id, login = made.login, "this server is a GitHub App now");
    let detail = json!({ "login": made.login, "app_id": made.app_id, "slug": made.slug });
    let install = format!("{}/installations/new", made.html_url);
    let body = format!(
        "<p>This server is the GitHub App <strong>{}</strong> now.</p>\
         <p><a href=\"{}\">Install it</a> in an account, then turn repositories on.</p>",
        escape(&made.slug),
        escape(&install)
    );
    Ok((Extension(AuditDetail(detail)), html(StatusCode::OK, &body, None)).into_response())
}

fn form(action: &str, manifest: &str, organization: Option<&str>) -> String {
    let mut rows = String::new();
    for (name, access, reason) in PERMISSIONS {
        // Writing to a string does not fail.
        let _ = write!(
            rows,
            "<tr><th scope=\"row\">{}</th><td>{access}</td><td>{}</td></tr>",
            name.replace('_', " "),
            escape(reason)
        );
    }
    let whose = organization.map_or("your own account".to_owned(), |name| format!("`{name}`"));
    format!(
        "<p>GitHub makes an App of this server in {whose}, and hands over its keys, which are kept \
         encrypted. It can do nothing until it is installed.</p>\
         <table><thead><tr><th>Permission</th><th>Access</th><th>What for</th></tr></thead>\
         <tbody>{rows}</tbody></table>\
         <form method=\"post\" action=\"{}\">\
         <input type=\"hidden\" name=\"manifest\" value=\"{}\">\
         <button>Create the GitHub App</button></form>\
         <form method=\"get\" action=\"/setup/github\"><label>For an organization instead: \
         <input name=\"organization\" pattern=\"[A-Za-z0-9-]+\" required></label> \
         <button>Choose</button></form>",
        escape(action),
        escape(manifest)
    )
}

/// `form_to`: whom a form of the page may be sent to beside us.
fn html(status: StatusCode, body: &str, form_to: Option<&str>) -> Response {
    let policy = format!(
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self' {}",
        form_to.unwrap_or_default()
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy.trim_end().to_owned()),
    ];
    let text = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>Connect to GitHub</title><main><h1>Connect to GitHub</h1>{body}</main></html>"
    );
    (status, headers, text).into_response()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

impl From<SetupError> for ApiError {
    fn from(error: SetupError) -> Self {
        match error {
            SetupError::UnknownState => Self::new(StatusCode::GONE, error.to_string()),
            SetupError::NoCode => Self::unprocessable(error.to_string()),
            SetupError::Refused(_) => Self::new(StatusCode::BAD_GATEWAY, error.to_string()),
            SetupError::Other(cause) => cause.into(),
        }
    }
}
