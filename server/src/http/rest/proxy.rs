//! What a job of a repository of GitHub asks our API for and only GitHub knows.
//!
//! Ours are runs, jobs, workflows, artifacts, caches and environments of the job's repository; all else is
//! sent on with the job's own token. Invariants: no credential of the server goes out, and nobody but a
//! job that runs gets anything sent on.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::TryStreamExt as _;
use http_body_util::Limited;
use secrecy::ExposeSecret as _;

use crate::App;
use crate::accounts::{self, Credential, JobIdentity};
use crate::github::{self, ApiCall, GitHubError, Target};
use crate::http::error::ApiError;
use crate::http::links::ENTERPRISE_PREFIX;
use crate::jobs::view::leased_repository;
use crate::repositories::find_by_id;
use crate::runs;

/// Largest body that a job may send, in bytes: GitHub's largest blob.
const MAX_REQUEST_BYTES: usize = 100 * 1024 * 1024;

/// Largest answer that is passed on, in bytes; a longer one breaks off.
const MAX_ANSWER_BYTES: usize = 2 * 1024 * 1024 * 1024;

/// How all tokens of GitHub's installations begin.
const TOKEN_PREFIX: &str = "ghs_";

/// What goes out of a request's head, beside names that begin with `x-github-` and `if-`.
const SENT: [HeaderName; 7] = [
    header::ACCEPT,
    header::ACCEPT_LANGUAGE,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::RANGE,
    header::USER_AGENT,
    HeaderName::from_static("time-zone"),
];

/// What does not come back: what is about the connection, and what a browser would keep for our host.
const KEPT_BACK: [&str; 13] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "set-cookie",
    "strict-transport-security",
    "alt-svc",
    "content-security-policy",
];

/// Where a path of our API leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked<'a> {
    GraphQl,
    /// With the prefix that it had here.
    Rest {
        prefix: &'static str,
        path: &'a str,
    },
}

/// Sends on what only GitHub knows, and leaves everything else alone.
pub(crate) async fn divert(State(app): State<App>, request: Request, next: Next) -> Response {
    let asked = asked_of_github(&app, request.uri(), request.headers()).await;
    match asked {
        Ok(None) => next.run(request).await,
        Ok(Some(identity)) => {
            forward(&app, identity, request).await.unwrap_or_else(ApiError::into_response)
        }
        Err(error) => error.into_response(),
    }
}

/// The job that asks, when it asks for something that is not ours.
async fn asked_of_github(
    app: &App,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Option<JobIdentity>, ApiError> {
    let Some(asked) = asked(uri.path()) else { return Ok(None) };
    let token = match accounts::credential(headers) {
        Some(Credential::Token(token)) if token.expose_secret().starts_with(TOKEN_PREFIX) => token,
        _ => return Ok(None),
    };
    let mut db = app.db.acquire().await?;
    let found = github::find_job_by_token(&mut db, token.expose_secret()).await?;
    let Some((job, lease)) = found else { return Ok(None) };
    let own = match leased_repository(&mut db, job, lease).await? {
        Some(id) => find_by_id(&mut db, id).await?,
        None => None,
    };
    let Some(own) = own.filter(|own| own.github().is_some()) else { return Ok(None) };
    let is_ours = is_ours(asked, (&own.owner, &own.name));
    Ok((!is_ours).then_some(JobIdentity { job, lease }))
}

/// `None` for a path that is none of GitHub's API.
fn asked(path: &str) -> Option<Asked<'_>> {
    if matches!(path, "/graphql" | "/api/graphql") {
        return Some(Asked::GraphQl);
    }
    if let Some(rest) = path.strip_prefix(ENTERPRISE_PREFIX).filter(|it| it.starts_with('/')) {
        return Some(Asked::Rest { prefix: ENTERPRISE_PREFIX, path: rest });
    }
    path.starts_with("/repos/").then_some(Asked::Rest { prefix: "", path })
}

fn is_ours(asked: Asked<'_>, (owner, name): (&str, &str)) -> bool {
    let Asked::Rest { path, .. } = asked else { return false };
    let mut segments = path.split('/').skip(1);
    let mut is_next =
        |wanted: &str| segments.next().is_some_and(|segment| segment.eq_ignore_ascii_case(wanted));
    is_next("repos")
        && is_next(owner)
        && is_next(name)
        && matches!(segments.next(), Some("actions" | "environments"))
}

async fn forward(app: &App, identity: JobIdentity, request: Request) -> Result<Response, ApiError> {
    let (head, body) = request.into_parts();
    let asked = asked(head.uri.path()).ok_or_else(ApiError::not_found)?;
    let (target, prefix) = match asked {
        Asked::GraphQl => (Target::GraphQl, ""),
        Asked::Rest { prefix, path } => (Target::Rest { path, query: head.uri.query() }, prefix),
    };
    let url = app.github.place(target).ok_or_else(ApiError::not_found)?;
    let token = runs::fresh_token(app, identity).await.map_err(unavailable)?;
    let token = token.ok_or_else(|| ApiError::unauthorized("Bad credentials"))?;
    let body = Body::new(Limited::new(body, MAX_REQUEST_BYTES));
    let body = reqwest::Body::wrap_stream(body.into_data_stream());
    let call = ApiCall { method: head.method, url, headers: sent(&head.headers), body };
    let answer = app.github.forward(&token, call).await.map_err(|error| unavailable(error.into()));
    let answer = answer.inspect_err(|_| count("failed"))?;
    count("answered");
    let bases = Bases {
        theirs: app.github.api_url().unwrap_or_default(),
        ours: format!("{}{prefix}", app.config.public_url),
    };
    Ok(answered(answer, &bases))
}

fn count(result: &'static str) {
    metrics::counter!("gantry_forwarded_requests_total", "result" => result).increment(1);
}

/// GitHub is not there for the moment, or the App may do less than before.
fn unavailable(error: anyhow::Error) -> ApiError {
    match error.downcast_ref::<GitHubError>() {
        Some(reason) => {
            tracing::warn!(%reason, "a request of a job could not be sent on");
            ApiError::new(StatusCode::BAD_GATEWAY, format!("sending this on to GitHub: {reason}"))
        }
        None => error.into(),
    }
}

fn sent(headers: &HeaderMap) -> HeaderMap {
    let goes_out = |name: &HeaderName| {
        SENT.contains(name)
            || name.as_str().starts_with("x-github-")
            || name.as_str().starts_with("if-")
    };
    headers
        .iter()
        .filter(|(name, _)| goes_out(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Where GitHub's answers point, and where the job shall go instead.
struct Bases {
    theirs: String,
    ours: String,
}

fn answered(answer: reqwest::Response, bases: &Bases) -> Response {
    let status = answer.status();
    let mut headers = came(answer.headers(), bases);
    // A stream of which we do not know that it comes whole has no length of ours.
    if status == StatusCode::NO_CONTENT {
        headers.remove(header::CONTENT_LENGTH);
    }
    let stream = answer.bytes_stream().map_err(reqwest::Error::without_url);
    let body = Body::new(Limited::new(Body::from_stream(stream), MAX_ANSWER_BYTES));
    (status, headers, body).into_response()
}

fn came(headers: &HeaderMap, bases: &Bases) -> HeaderMap {
    let named: Vec<String> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let mut kept = HeaderMap::new();
    for (name, value) in headers {
        if KEPT_BACK.contains(&name.as_str()) || named.iter().any(|it| it == name.as_str()) {
            continue;
        }
        let value = match *name {
            header::LINK | header::LOCATION => led_back(value, bases),
            _ => value.clone(),
        };
        kept.append(name.clone(), value);
    }
    kept
}

/// Pages and renamed repositories are asked for here again, where the job's token is renewed.
fn led_back(value: &HeaderValue, Bases { theirs, ours }: &Bases) -> HeaderValue {
    let led = value
        .to_str()
        .map(|text| text.replace(&format!("{theirs}/"), &format!("{ours}/")))
        .ok()
        .and_then(|text| HeaderValue::from_str(&text).ok());
    led.unwrap_or_else(|| value.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_about_our_runs_stays_here_and_everything_else_goes() {
        let ours = |path| asked(path).map(|asked| is_ours(asked, ("octo", "app")));
        assert_eq!(ours("/api/v3/repos/Octo/app/actions/runs/1"), Some(true));
        assert_eq!(ours("/repos/octo/app/environments"), Some(true));
        assert_eq!(ours("/api/v3/repos/octo/app/issues"), Some(false));
        assert_eq!(ours("/api/v3/repos/octo/app"), Some(false));
        assert_eq!(ours("/api/v3/repos/octo/other/actions/runs"), Some(false));
        assert_eq!(ours("/api/v3/rate_limit"), Some(false));
        assert_eq!(ours("/api/graphql"), Some(false));
        for path in ["/api/gantry/runs/1", "/api/v3x", "/octo/app", "/runner/v1/lease"] {
            assert_eq!(ours(path), None, "{path}");
        }
    }

    #[test]
    fn credentials_and_words_about_the_connection_do_not_pass() {
        let headers = |pairs: &[(&'static str, &'static str)]| -> HeaderMap {
            let pair = |(name, value): &(&'static str, &'static str)| {
                (HeaderName::from_static(name), HeaderValue::from_static(value))
            };
            pairs.iter().map(pair).collect()
        };
        let out = sent(&headers(&[
            ("authorization", "Bearer ghs_x"),
            ("cookie", "gantry_session=x"),
            ("host", "ci.example"),
            ("x-forwarded-for", "10.0.0.1"),
            ("accept-encoding", "gzip"),
            ("x-github-api-version", "2022-11-28"),
            ("if-none-match", "\"a\""),
            ("content-type", "application/json"),
        ]));
        let mut names: Vec<_> = out.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["content-type", "if-none-match", "x-github-api-version"]);
        let bases = Bases {
            theirs: "https://api.github.com".to_owned(),
            ours: "https://ci.example/api/v3".to_owned(),
        };
        let back = came(
            &headers(&[
                ("connection", "keep-alive, x-hop"),
                ("x-hop", "1"),
                ("set-cookie", "a=b"),
                ("x-ratelimit-remaining", "7"),
                ("link", "<https://api.github.com/repositories/1/issues?page=2>; rel=\"next\""),
                ("location", "https://codeload.github.com/o/r/tar.gz/main"),
            ]),
            &bases,
        );
        let mut names: Vec<_> = back.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["link", "location", "x-ratelimit-remaining"]);
        let next = "<https://ci.example/api/v3/repositories/1/issues?page=2>; rel=\"next\"";
        assert_eq!(back[header::LINK], next);
        assert_eq!(back[header::LOCATION], "https://codeload.github.com/o/r/tar.gz/main");
    }
}
