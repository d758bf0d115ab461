//! Sessions of browsers: begun, kept alive by use, listed and ended.
//!
//! Does not set cookies and does not know how somebody signed in. Invariant: signing in makes a new
//! session and ends the one that the browser had; a session ends by itself.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sqlx::PgConnection;

use super::access::Identity;
use super::queries;
use super::token::{hash, random_credential};

/// A session ends this long after its last use.
const IDLE_HOURS: i64 = 12;

/// A session ends this long after it began, however much it is used.
const MAX_SESSION_DAYS: i64 = 7;

/// Longest description of a browser that is kept, in characters.
const MAX_BROWSER: usize = 200;

/// A session to begin.
#[derive(Clone, Copy, Debug)]
pub struct NewSession<'a> {
    pub identity: &'a Identity,
    /// Where the browser is, as far as we see.
    pub address: Option<&'a str>,
    /// What it calls itself.
    pub browser: &'a str,
    /// The session that it had until now.
    pub replaces: Option<&'a str>,
}

/// A live session, without its secret.
#[derive(Clone, Debug, Serialize)]
pub struct SessionView {
    pub id: i64,
    pub login: String,
    /// Whether it was begun with a GitHub account.
    pub is_from_github: bool,
    pub address: Option<String>,
    pub browser: String,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    /// Whether it is the one that asks.
    pub is_current: bool,
}

/// Begins a session and returns the value of its cookie.
pub async fn begin_session(
    db: &mut PgConnection,
    session: &NewSession<'_>,
) -> sqlx::Result<SecretString> {
    if let Some(old) = session.replaces {
        end_session(db, old).await?;
    }
    queries::delete_expired(db).await?;
    let cookie = random_credential("gantry_ses_");
    let expires_at = Utc::now() + TimeDelta::hours(IDLE_HOURS);
    let browser: String = session.browser.chars().take(MAX_BROWSER).collect();
    let session = NewSession { browser: &browser, ..*session };
    queries::insert_session(db, &hash(cookie.expose_secret()), &session, expires_at).await?;
    Ok(cookie)
}

/// Ends a session; a session that is not there is fine.
pub async fn end_session(db: &mut PgConnection, session: &str) -> sqlx::Result<()> {
    queries::delete_session(db, &hash(session)).await
}

/// The sessions of `owner`, or everybody's when it is not given; the newest first. `current` is the
/// cookie of the session that asks.
pub async fn list_sessions(
    db: &mut PgConnection,
    owner: Option<&Identity>,
    current: Option<&str>,
) -> sqlx::Result<Vec<SessionView>> {
    let current = current.map(hash);
    queries::sessions(db, owner, current.as_deref()).await
}

/// Ends a session at once: one of `owner`, or anybody's when it is not given. False when there is none.
pub async fn revoke_session(
    db: &mut PgConnection,
    id: i64,
    owner: Option<&Identity>,
) -> sqlx::Result<bool> {
    queries::delete_session_by_id(db, id, owner).await
}

/// Whose session it is. Using one keeps it alive, up to its longest life.
pub(super) async fn find_session(
    db: &mut PgConnection,
    session: &str,
) -> sqlx::Result<Option<Identity>> {
    let id_hash = hash(session);
    let Some(found) = queries::find_session(db, &id_hash).await? else {
        return Ok(None);
    };
    let prolonged = prolong(found.created_at, Utc::now());
    // One write per hour of use at most.
    if prolonged - found.expires_at > TimeDelta::hours(1) {
        queries::prolong_session(db, &id_hash, prolonged).await?;
    }
    Ok(Some(found.identity))
}

fn prolong(created_at: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    let longest = created_at + TimeDelta::days(MAX_SESSION_DAYS);
    longest.min(now + TimeDelta::hours(IDLE_HOURS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn use_prolongs_a_session_up_to_its_longest_life() {
        let began = DateTime::<Utc>::UNIX_EPOCH;
        let after = |hours| began + TimeDelta::hours(hours);
        assert_eq!(prolong(began, after(1)), after(13));
        assert_eq!(prolong(began, after(7 * 24 - 1)), after(7 * 24));
    }
}
