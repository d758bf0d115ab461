//! The people of the fake GitHub: sign-in by its web flow, permissions and memberships.
//!
//! Whoever is `signing_in` agrees to everything. A code is good once, and only with the verifier of the
//! challenge that it was asked for with.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest as _, Sha256};

pub(crate) const CLIENT_SECRET: &str = "secret of the client";

#[derive(Default)]
pub(crate) struct People {
    /// Login and number of who uses the browser.
    pub(crate) signing_in: Option<(String, i64)>,
    /// By repository and login.
    pub(crate) permissions: BTreeMap<(String, String), &'static str>,
    /// `acme/octocat` and `acme/deployers/octocat`.
    pub(crate) memberships: Vec<String>,
    /// By login, as far as they were asked about.
    pub(crate) numbers: BTreeMap<String, i64>,
    /// The challenge of the code that was given.
    challenge: Option<String>,
    /// Of users, that were not revoked.
    pub(crate) tokens: Vec<String>,
    pub(crate) n_questions: usize,
    pub(crate) is_down: bool,
}

impl People {
    pub(crate) fn sign_in(&mut self, login: &str, number: i64) {
        self.signing_in = Some((login.to_owned(), number));
        self.numbers.insert(login.to_owned(), number);
    }

    pub(crate) fn permit(&mut self, repository: &str, login: &str, permission: &'static str) {
        self.permissions.insert((repository.to_owned(), login.to_owned()), permission);
    }

    /// `None` for what is not about people.
    pub(crate) fn answer(
        &mut self,
        (method, uri, headers): (&Method, &Uri, &HeaderMap),
        body: &[u8],
    ) -> Option<Response> {
        let path: Vec<&str> = uri.path().trim_matches('/').split('/').collect();
        let bearer = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
        let answer = match (method.as_str(), path.as_slice()) {
            ("GET", ["login", "oauth", "authorize"]) => self.authorize(uri.query()?),
            ("POST", ["login", "oauth", "access_token"]) => self.exchange(body),
            ("GET", ["user"]) => self.user(bearer.unwrap_or_default()),
            ("DELETE", ["applications", "Iv1.test", "token"]) => {
                let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
                self.tokens.retain(|token| body["access_token"] != **token);
                StatusCode::NO_CONTENT.into_response()
            }
            ("GET", ["repos", owner, name, "collaborators", login, "permission"]) => {
                self.permission(&format!("{owner}/{name}"), login)
            }
            ("GET", ["orgs", organization, "memberships", login]) => {
                self.membership(&format!("{organization}/{login}"))
            }
            ("GET", ["orgs", organization, "teams", team, "memberships", login]) => {
                self.membership(&format!("{organization}/{team}/{login}"))
            }
            _ => return None,
        };
        Some(answer)
    }

    fn authorize(&mut self, query: &str) -> Response {
        let given: BTreeMap<String, String> =
            url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        assert_eq!(given["client_id"], "Iv1.test");
        assert_eq!(given["code_challenge_method"], "S256");
        assert!(!given.contains_key("scope"), "no scope is asked for");
        self.challenge = Some(given["code_challenge"].clone());
        let (back, state) = (&given["redirect_uri"], &given["state"]);
        Redirect::to(&format!("{back}?code=good&state={state}")).into_response()
    }

    fn exchange(&mut self, body: &[u8]) -> Response {
        let given: BTreeMap<String, String> =
            url::form_urlencoded::parse(body).into_owned().collect();
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&given["code_verifier"]));
        let is_good = given["code"] == "good"
            && given["client_secret"] == CLIENT_SECRET
            && self.challenge.take() == Some(challenge);
        if !is_good {
            return Json(json!({ "error": "bad_verification_code" })).into_response();
        }
        let token = format!("ghu_{}", self.tokens.len());
        self.tokens.push(token.clone());
        Json(json!({ "access_token": token, "token_type": "bearer", "scope": "" })).into_response()
    }

    fn user(&self, authorization: &str) -> Response {
        let is_known = self.tokens.iter().any(|token| authorization.ends_with(token.as_str()));
        match (&self.signing_in, is_known) {
            (Some((login, id)), true) => Json(json!({ "login": login, "id": id })).into_response(),
            _ => StatusCode::UNAUTHORIZED.into_response(),
        }
    }

    fn permission(&mut self, repository: &str, login: &str) -> Response {
        self.n_questions += 1;
        if self.is_down {
            return StatusCode::BAD_GATEWAY.into_response();
        }
        let Some(number) = self.numbers.get(login) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let key = (repository.to_owned(), login.to_owned());
        let permission = self.permissions.get(&key).copied().unwrap_or("none");
        let user = json!({ "login": login, "id": number });
        Json(json!({ "permission": permission, "user": user })).into_response()
    }

    fn membership(&mut self, name: &str) -> Response {
        self.n_questions += 1;
        match self.memberships.iter().any(|it| it == name) {
            true => Json(json!({ "state": "active", "role": "member" })).into_response(),
            false => StatusCode::NOT_FOUND.into_response(),
        }
    }
}
