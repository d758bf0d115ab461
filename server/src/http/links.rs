//! Absolute URLs as the caller reaches us.
//!
//! Does not trust forwarding headers. Invariant: `gh` follows `jobs_url` verbatim and picks its
//! token by the URL's host, so every URL in an answer has the host and the prefix of the request.

use axum::extract::FromRequestParts;
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::uri::Authority;

use super::described::Argument;
use super::error::ApiError;
use super::tls::OverTls;
use crate::App;

/// The prefix that GitHub Enterprise Server puts before its REST API.
pub const ENTERPRISE_PREFIX: &str = "/api/v3";

/// Bases of the URLs in an answer, without trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Links {
    /// Of pages, as a browser reaches them.
    pub pages: String,
    /// As the caller reaches us, without any path.
    pub origin: String,
    /// Of the REST API.
    pub api: String,
}

impl Links {
    /// The API's URL of a repository.
    #[must_use]
    pub fn repository(&self, owner: &str, name: &str) -> String {
        format!("{}/repos/{owner}/{name}", self.api)
    }

    fn of(parts: &Parts, public_url: &str) -> Self {
        let host = parts
            .headers
            .get(HOST)
            .and_then(|value| value.to_str().ok())
            .or_else(|| parts.uri.authority().map(Authority::as_str))
            .and_then(|host| host.parse::<Authority>().ok())
            .filter(|host| !host.as_str().contains('@'));
        // `gh` reaches such a host through a proxy that a browser does not have.
        let is_proxied = host.as_ref().is_some_and(|host| {
            host.host().starts_with("api.") && host.host().ends_with(".localhost")
        });
        let origin = match host {
            // The configured URL knows whether a proxy in front of us speaks TLS.
            Some(host)
                if public_url.split_once("://").is_some_and(|(_, rest)| rest == host.as_str()) =>
            {
                public_url.to_owned()
            }
            Some(host) if parts.extensions.get::<OverTls>().is_some() => format!("https://{host}"),
            Some(host) => format!("http://{host}"),
            None => public_url.to_owned(),
        };
        let prefix = match parts.uri.path().starts_with("/api/v3/") {
            true => ENTERPRISE_PREFIX,
            false => "",
        };
        let pages = if is_proxied { public_url.to_owned() } else { origin.clone() };
        Self { api: format!("{origin}{prefix}"), origin, pages }
    }
}

impl FromRequestParts<App> for Links {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        Ok(Self::of(parts, &app.config.public_url))
    }
}

impl Argument for Links {}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(uri: &str, host: Option<&str>) -> Links {
        let mut request = axum::http::Request::builder().uri(uri);
        if let Some(host) = host {
            request = request.header(HOST, host);
        }
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        Links::of(&parts, "https://ci.example")
    }

    #[test]
    fn urls_have_the_host_and_the_prefix_of_the_request() {
        let plain = links("/repos/a/b", Some("127.0.0.1:8080"));
        assert_eq!(plain.api, "http://127.0.0.1:8080");
        let enterprise = links("/api/v3/repos/a/b", Some("ci.test"));
        assert_eq!(enterprise.api, "http://ci.test/api/v3");
        assert_eq!(enterprise.pages, "http://ci.test");
        let request = axum::http::Request::builder().uri("/user").header(HOST, "ci.test:8443");
        let (mut parts, ()) = request.body(()).expect("a request").into_parts();
        parts.extensions.insert(OverTls);
        assert_eq!(Links::of(&parts, "http://127.0.0.1:8080").api, "https://ci.test:8443");
    }

    #[test]
    fn pages_of_a_proxied_host_are_where_a_browser_finds_them() {
        let proxied = links("/repos/a/b", Some("api.github.localhost"));
        assert_eq!(proxied.api, "http://api.github.localhost");
        assert_eq!(proxied.pages, "https://ci.example");
    }

    #[test]
    fn the_public_url_gives_the_scheme_of_its_own_host() {
        assert_eq!(links("/repos/a/b", Some("ci.example")).api, "https://ci.example");
        assert_eq!(links("/repos/a/b", None).api, "https://ci.example");
        assert_eq!(links("/repos/a/b", Some("evil@x/y")).api, "https://ci.example");
    }
}
