//! From the headers of a request to who makes it.
//!
//! Does not decide what they may do. Invariant: a header wins over a cookie, and a wrong header is
//! nobody even when the cookie is right.

use anyhow::Context;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum_extra::extract::cookie::CookieJar;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};

use super::access::Caller;
use super::token::hash;
use super::{job_token, queries, sessions};
use crate::App;

/// The cookie of a browser's session.
pub const SESSION_COOKIE: &str = "gantry_session";

/// The same over TLS: browsers take one of this name only from this host, encrypted, and for all of its
/// paths, so that no neighbour in the domain can plant one.
pub const HOST_SESSION_COOKIE: &str = "__Host-gantry_session";

/// A credential as it came.
#[derive(Debug)]
pub enum Credential {
    /// From the `Authorization` header.
    Token(SecretString),
    /// From the cookie.
    Session(SecretString),
}

/// The credential of a request: `Bearer X`, `token X`, `Basic` with X as password, or the cookie.
#[must_use]
pub fn credential(headers: &HeaderMap) -> Option<Credential> {
    if let Some(value) = headers.get(AUTHORIZATION) {
        let token = value.to_str().ok().and_then(token_of).unwrap_or_default();
        return Some(Credential::Token(token.into()));
    }
    let jar = CookieJar::from_headers(headers);
    let cookie = jar.get(HOST_SESSION_COOKIE).or_else(|| jar.get(SESSION_COOKIE));
    cookie.map(|cookie| Credential::Session(cookie.value().to_owned().into()))
}

/// Who makes a request with these headers.
pub async fn authenticate(app: &App, headers: &HeaderMap) -> anyhow::Result<Caller> {
    let Some(credential) = credential(headers) else {
        return Ok(Caller::Anonymous);
    };
    if let Credential::Token(token) = &credential
        && let Some(job) = job_token::verify_job_token(app, token.expose_secret())
    {
        return Ok(Caller::Job(job));
    }
    let mut db = app.db.acquire().await.context("authenticating a request")?;
    let identity = match &credential {
        Credential::Token(token) => {
            queries::find_access_token(&mut db, &hash(token.expose_secret())).await
        }
        Credential::Session(session) => {
            sessions::find_session(&mut db, session.expose_secret()).await
        }
    };
    let identity = identity.context("authenticating a request")?;
    Ok(identity.map_or(Caller::Anonymous, Caller::Account))
}

fn token_of(header: &str) -> Option<String> {
    let (scheme, rest) = header.split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token") {
        return Some(rest.to_owned());
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let decoded = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
        return decoded.split_once(':').map(|(_, password)| password.to_owned());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")))
            .collect()
    }

    fn token(pairs: &[(&'static str, &str)]) -> String {
        match credential(&headers(pairs)) {
            Some(Credential::Token(token)) => token.expose_secret().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_three_ways_of_naming_a_token_are_read() {
        assert_eq!(token(&[("authorization", "Bearer abc")]), "abc");
        assert_eq!(token(&[("authorization", "token abc")]), "abc");
        // x-access-token:abc
        assert_eq!(token(&[("authorization", "basic eC1hY2Nlc3MtdG9rZW46YWJj")]), "abc");
    }

    #[test]
    fn a_broken_header_does_not_fall_back_to_the_cookie() {
        let both = [("authorization", "Digest x"), ("cookie", "gantry_session=abc")];
        assert_eq!(token(&both), "");
    }

    #[test]
    fn a_session_comes_from_the_cookie() {
        let found = credential(&headers(&[("cookie", "a=b; gantry_session=abc")]));
        assert!(
            matches!(found, Some(Credential::Session(value)) if value.expose_secret() == "abc")
        );
        assert!(credential(&HeaderMap::new()).is_none());
    }
}
