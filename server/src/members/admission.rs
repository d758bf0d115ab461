//! Who may sign in at all.
//!
//! Invariant: nobody whom the settings do not name, by themselves or by their organisation.

use super::memberships::belongs_to_any;
use crate::App;
use crate::github::GitHubError;

/// Whether the settings admit a GitHub account.
pub async fn is_admitted(app: &App, login: &str) -> Result<bool, GitHubError> {
    let people = &app.config.sign_in;
    if is_among(login, &people.administrators) || is_among(login, &people.logins) {
        return Ok(true);
    }
    belongs_to_any(app, login, &people.organizations).await
}

/// Whether the settings make somebody an administrator of this server.
pub(super) fn is_administrator(app: &App, login: &str) -> bool {
    is_among(login, &app.config.sign_in.administrators)
}

fn is_among(login: &str, logins: &[String]) -> bool {
    logins.iter().any(|it| it.eq_ignore_ascii_case(login))
}
