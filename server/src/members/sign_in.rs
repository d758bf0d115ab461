//! Sign-in by GitHub's web flow.
//!
//! Keeps nothing between the two halves: what the browser holds is all there is. Invariant: whoever comes
//! back has begun in the same browser less than ten minutes ago, and the verifier never leaves us before
//! the code is exchanged.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::admission::is_admitted;
use crate::App;
use crate::accounts::{ADMIN_LOGIN, Grant, Identity, Role};
use crate::config::OAuthClient;
use crate::github::{Authorization, Exchange, GitHubError};
use crate::secrets::Vault;

const STATE: &str = "github sign-in state v1";
const VERIFIER: &str = "github sign-in verifier v1";

/// Long enough for a password and a second factor.
const MINUTES: i64 = 10;

/// Longest path that is come back to, in bytes.
const MAX_PATH: usize = 500;

/// A sign-in under way.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Where the browser goes.
    pub url: Url,
    /// What it has to bring back, in a cookie.
    pub ticket: String,
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    #[error("sign-in with GitHub is not set up on this server")]
    Off,
    #[error("this sign-in was not begun in this browser, or more than ten minutes ago")]
    Stale,
    #[error("`{login}` is not among those who may sign in here")]
    Stranger { login: String },
    #[error(transparent)]
    GitHub(#[from] GitHubError),
}

/// What GitHub knows this server by: from the settings, or from the App that it was made.
#[must_use]
pub fn oauth_client(app: &App) -> Option<OAuthClient> {
    let people = &app.config.sign_in;
    if people.is_empty() || !app.github.is_connected() {
        return None;
    }
    people.client.clone().or_else(|| app.github.oauth_client())
}

/// Begins a sign-in that comes back to `path` of ours.
pub fn begin_sign_in(app: &App, path: &str) -> Result<Attempt, SignInError> {
    let client = oauth_client(app).ok_or(SignInError::Off)?;
    let ticket = new_ticket(path, Utc::now());
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier(&app.vault, &ticket)));
    let what = Authorization {
        redirect_uri: &redirect_uri(app),
        state: &state(&app.vault, &ticket),
        challenge: &challenge,
    };
    let url = app.github.authorize_url(&client, what).ok_or(SignInError::Off)?;
    Ok(Attempt { url, ticket })
}

/// Who has come back, and which path they came from.
pub async fn finish_sign_in(
    app: &App,
    ticket: &str,
    (given_state, code): (&str, &str),
) -> Result<(Identity, String), SignInError> {
    let client = oauth_client(app).ok_or(SignInError::Off)?;
    let given = URL_SAFE_NO_PAD.decode(given_state).map_err(|_| SignInError::Stale)?;
    if !app.vault.verify(STATE, ticket.as_bytes(), &given) {
        return Err(SignInError::Stale);
    }
    let path = path_of(ticket, Utc::now()).ok_or(SignInError::Stale)?;
    let exchange = Exchange {
        code,
        redirect_uri: &redirect_uri(app),
        verifier: &verifier(&app.vault, ticket),
    };
    let user = app.github.user_of_code(&client, exchange).await?;
    // Here that login is somebody who needs no GitHub.
    if user.login.eq_ignore_ascii_case(ADMIN_LOGIN) || !is_admitted(app, &user.login).await? {
        return Err(SignInError::Stranger { login: user.login });
    }
    let grant = Grant::everywhere(Role::Admin);
    Ok((Identity::new(user.login, Some(user.id), grant), path))
}

fn redirect_uri(app: &App) -> String {
    format!("{}/login/github/callback", app.config.public_url)
}

/// When it ends, a random number, and the path.
fn new_ticket(path: &str, now: DateTime<Utc>) -> String {
    let random = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
    let end = (now + TimeDelta::minutes(MINUTES)).timestamp();
    let path = if is_path(path) { path } else { "/" };
    format!("{end}.{random}.{}", URL_SAFE_NO_PAD.encode(path))
}

/// The path of a ticket that has not ended. The caller has checked that it is ours.
fn path_of(ticket: &str, now: DateTime<Utc>) -> Option<String> {
    let mut parts = ticket.splitn(3, '.');
    let end: i64 = parts.next()?.parse().ok()?;
    let path = String::from_utf8(URL_SAFE_NO_PAD.decode(parts.nth(1)?).ok()?).ok()?;
    (now.timestamp() < end && is_path(&path)).then_some(path)
}

/// A path of this server: what begins with two slashes, of either kind, is another host to a browser.
fn is_path(path: &str) -> bool {
    path.starts_with('/')
        && !path[1..].starts_with(['/', '\\'])
        && path.len() <= MAX_PATH
        && !path.contains(|c: char| c.is_control())
}

fn state(vault: &Vault, ticket: &str) -> String {
    URL_SAFE_NO_PAD.encode(vault.sign(STATE, ticket.as_bytes()))
}

fn verifier(vault: &Vault, ticket: &str) -> String {
    URL_SAFE_NO_PAD.encode(vault.sign(VERIFIER, ticket.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_ends_and_leads_to_no_other_host() {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let ticket = new_ticket("/acme/app/actions/runs/1?x=y", now);
        let after = |minutes| path_of(&ticket, now + TimeDelta::minutes(minutes));
        assert_eq!(after(9).as_deref(), Some("/acme/app/actions/runs/1?x=y"));
        assert_eq!(after(10), None);
        for path in ["//evil.example", "/\\evil.example", "https://evil.example", "", "/a\nb"] {
            assert_eq!(path_of(&new_ticket(path, now), now).as_deref(), Some("/"), "{path}");
        }
        assert_eq!(path_of("nothing", now), None);
    }
}
