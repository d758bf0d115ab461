//! Who somebody is at GitHub, by its web flow for users.
//!
//! Asks for no scope and keeps nothing. Invariant: a user's token reads the user's name once, is revoked,
//! and leaves this file by no way.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::answer::GitHubError;
use super::connection::GitHub;
use super::forward::client;
use crate::config::OAuthClient;

const PATIENCE: Duration = Duration::from_secs(20);

/// A GitHub account.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct GitHubUser {
    pub id: i64,
    pub login: String,
}

/// What a browser is sent to GitHub with.
#[derive(Clone, Copy, Debug)]
pub struct Authorization<'a> {
    pub redirect_uri: &'a str,
    pub state: &'a str,
    /// SHA-256 of the verifier, as base64 for URLs (RFC 7636).
    pub challenge: &'a str,
}

/// What GitHub is asked with when the browser has come back.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    pub code: &'a str,
    pub redirect_uri: &'a str,
    pub verifier: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    access_token: Option<SecretString>,
    error: Option<String>,
    error_description: Option<String>,
}

impl GitHub {
    /// Where a browser goes to sign in; `None` when the server is not connected to GitHub.
    #[must_use]
    pub fn authorize_url(&self, client: &OAuthClient, what: Authorization<'_>) -> Option<Url> {
        let mut url = Url::parse(&format!("{}/login/oauth/authorize", self.server_url()?)).ok()?;
        url.query_pairs_mut()
            .append_pair("client_id", &client.id)
            .append_pair("redirect_uri", what.redirect_uri)
            .append_pair("state", what.state)
            .append_pair("code_challenge", what.challenge)
            .append_pair("code_challenge_method", "S256")
            .append_pair("allow_signup", "false");
        Some(url)
    }

    /// Whose code it is.
    pub async fn user_of_code(
        &self,
        oauth: &OAuthClient,
        exchange: Exchange<'_>,
    ) -> Result<GitHubUser, GitHubError> {
        let token = self.exchange(oauth, exchange).await?;
        let user = self.bare_client(token.expose_secret())?.get("/user").await;
        self.drop_user_token(oauth, &token).await;
        user
    }

    async fn exchange(
        &self,
        oauth: &OAuthClient,
        exchange: Exchange<'_>,
    ) -> Result<SecretString, GitHubError> {
        let server = self.server_url().ok_or_else(not_connected)?;
        let form = [
            ("client_id", oauth.id.as_str()),
            ("client_secret", oauth.secret.expose_secret()),
            ("code", exchange.code),
            ("redirect_uri", exchange.redirect_uri),
            ("code_verifier", exchange.verifier),
        ];
        let request = client()?
            .post(format!("{server}/login/oauth/access_token"))
            .header("accept", "application/json")
            .header("user-agent", "gantry")
            .timeout(PATIENCE)
            .form(&form);
        let unreachable = |error: reqwest::Error| {
            GitHubError::later(format!("GitHub cannot be reached: {}", error.without_url()))
        };
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        if !status.is_success() {
            return Err(GitHubError::later(format!("GitHub answered {status}")));
        }
        let answer: Answer = answer.json().await.map_err(unreachable)?;
        answer.access_token.ok_or_else(|| {
            let reason = answer.error_description.or(answer.error).unwrap_or_default();
            GitHubError::Refused(format!("GitHub gave no token: {reason}"))
        })
    }

    /// A token that nobody has is good for nothing, so it does not matter when this fails.
    async fn drop_user_token(&self, oauth: &OAuthClient, token: &SecretString) {
        let (Some(api), Ok(client)) = (self.api_url(), client()) else { return };
        let request = client
            .delete(format!("{api}/applications/{}/token", oauth.id))
            .basic_auth(&oauth.id, Some(oauth.secret.expose_secret()))
            .header("accept", "application/vnd.github+json")
            .header("user-agent", "gantry")
            .timeout(PATIENCE)
            .json(&json!({ "access_token": token.expose_secret() }));
        if let Err(error) = request.send().await {
            tracing::info!(error = %error.without_url(), "a user's token was not revoked");
        }
    }
}

fn not_connected() -> GitHubError {
    GitHubError::NotConnected("the server is not connected to GitHub".to_owned())
}
