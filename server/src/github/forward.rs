//! A request of somebody else, sent on to GitHub's API with a token of theirs.
//!
//! Invariant: whatever the path says, the request goes to the configured API and below its base, and it
//! carries the given token and no other credential.

use std::sync::OnceLock;
use std::time::Duration;

use axum::http::{HeaderMap, Method, header};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::answer::GitHubError;
use super::connection::GitHub;

/// Longest GitHub may take to begin with its answer, and between two parts of it.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// A path of the REST API as it came, with its leading slash, and the query.
    Rest {
        path: &'a str,
        query: Option<&'a str>,
    },
    GraphQl,
}

/// A request as it goes out, without the token.
#[derive(Debug)]
pub struct ApiCall {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: reqwest::Body,
}

impl GitHub {
    /// Where a call goes; `None` when its path leads anywhere but below the API's base, or the server is
    /// not connected.
    #[must_use]
    pub fn place(&self, target: Target<'_>) -> Option<Url> {
        place(&self.api_url()?, target)
    }

    /// Sends a call and answers as soon as GitHub's answer begins. Redirects are not followed.
    pub async fn forward(
        &self,
        token: &SecretString,
        mut call: ApiCall,
    ) -> Result<reqwest::Response, GitHubError> {
        let value = format!("Bearer {}", token.expose_secret());
        let mut value = axum::http::HeaderValue::from_str(&value)
            .map_err(|_| GitHubError::Refused("the token is not text".to_owned()))?;
        value.set_sensitive(true);
        call.headers.insert(header::AUTHORIZATION, value);
        let request = client()?.request(call.method, call.url);
        let sent = request.headers(call.headers).body(call.body).send().await;
        // The URL may tell what a job looks for, and is of no help.
        sent.map_err(|error| {
            GitHubError::later(format!("GitHub cannot be reached: {}", error.without_url()))
        })
    }
}

fn place(base: &str, target: Target<'_>) -> Option<Url> {
    let base = Url::parse(base).ok()?;
    let below = base.path().trim_end_matches('/').to_owned();
    let mut url = base.clone();
    match target {
        Target::GraphQl => {
            // `https://HOST/api/graphql` beside `https://HOST/api/v3`.
            let beside = below.strip_suffix("/v3").unwrap_or(&below);
            url.set_path(&format!("{beside}/graphql"));
        }
        Target::Rest { path, query } => {
            if !path.starts_with('/') || path.split('/').any(is_step_aside) {
                return None;
            }
            url.set_path(&format!("{below}{path}"));
            url.set_query(query);
            let stays = url.path().starts_with(&format!("{below}/"));
            if !stays || url.origin() != base.origin() {
                return None;
            }
        }
    }
    Some(url)
}

/// `.` and `..`, however they are written; and what some read as a slash.
fn is_step_aside(segment: &str) -> bool {
    let plain = segment.to_ascii_lowercase().replace("%2e", ".");
    plain == "." || plain == ".." || plain.contains('\\') || plain.contains("%5c")
}

pub(super) fn client() -> Result<&'static reqwest::Client, GitHubError> {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    if let Some(client) = CLIENT.get() {
        return Ok(client);
    }
    let built = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(PATIENCE)
        .read_timeout(PATIENCE)
        .build()
        .map_err(|error| GitHubError::later(format!("building a client: {error}")))?;
    Ok(CLIENT.get_or_init(|| built))
}

#[cfg(test)]
mod tests {
    use super::{Target, place};

    fn rest(base: &str, path: &str) -> Option<String> {
        place(base, Target::Rest { path, query: Some("a=b") }).map(String::from)
    }

    #[test]
    fn a_call_stays_below_the_base_of_the_api() {
        let github = "https://api.github.com";
        let enterprise = "https://github.example/api/v3";
        let issues = "/repos/o/r/issues";
        let expected = "https://api.github.com/repos/o/r/issues?a=b";
        assert_eq!(rest(github, issues).as_deref(), Some(expected));
        let expected = "https://github.example/api/v3/repos/o/r/issues?a=b";
        assert_eq!(rest(enterprise, issues).as_deref(), Some(expected));
        let branch = "/repos/o/r/branches/feature%2Fone";
        assert!(rest(github, branch).is_some_and(|url| url.contains("feature%2Fone")));
        for path in [
            "/../setup/api",
            "/repos/o/r/..",
            "/repos/%2e%2E/admin",
            "/repos/./x",
            "/a\\..\\b",
            "/a%5c..%5cb",
            "repos/o/r",
            "@evil.example/x",
        ] {
            assert_eq!(rest(enterprise, path), None, "{path}");
        }
        for odd in ["//evil.example/x", "/@evil.example", "/x:y@z"] {
            assert!(rest(github, odd).is_none_or(|url| url.starts_with("https://api.github.com/")));
        }
    }

    #[test]
    fn graphql_has_its_own_place() {
        let graphql = |base| place(base, Target::GraphQl).map(String::from);
        let expected = "https://api.github.com/graphql";
        assert_eq!(graphql("https://api.github.com").as_deref(), Some(expected));
        let expected = "https://github.example/api/graphql";
        assert_eq!(graphql("https://github.example/api/v3").as_deref(), Some(expected));
    }
}
