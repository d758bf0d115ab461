//! Sign-in by a one-time link, and the sessions it begins.
//!
//! Does not set cookies. Invariant: a link works once, and both links and sessions end by
//! themselves.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgConnection;

use super::access::Identity;
use super::queries;
use super::token::{hash, random_credential};

/// How long a login link works. Long enough to open it, short enough for a shell's history.
const LINK_MINUTES: i64 = 15;

/// A session ends this long after its last use.
const IDLE_HOURS: i64 = 12;

/// A session ends this long after it began, however much it is used.
const MAX_SESSION_DAYS: i64 = 7;

/// A code that signs in as `identity`, once, within the next 15 minutes.
pub async fn create_login_code(
    db: &mut PgConnection,
    identity: &Identity,
) -> sqlx::Result<SecretString> {
    queries::delete_expired(db).await?;
    let code = random_credential("");
    let expires_at = Utc::now() + TimeDelta::minutes(LINK_MINUTES);
    queries::insert_login_code(db, &hash(code.expose_secret()), identity, expires_at).await?;
    Ok(code)
}

/// Uses up the code and begins a session; `None` when the code is unknown, used or too old.
/// Returns the value of the session's cookie, and whose session it is.
pub async fn redeem_login_code(
    db: &mut PgConnection,
    code: &str,
) -> sqlx::Result<Option<(SecretString, Identity)>> {
    let Some(identity) = queries::take_login_code(db, &hash(code)).await? else {
        return Ok(None);
    };
    let session = random_credential("gantry_ses_");
    let expires_at = Utc::now() + TimeDelta::hours(IDLE_HOURS);
    queries::insert_session(db, &hash(session.expose_secret()), &identity, expires_at).await?;
    Ok(Some((session, identity)))
}

/// Ends a session; a session that is not there is fine.
pub async fn end_session(db: &mut PgConnection, session: &str) -> sqlx::Result<()> {
    queries::delete_session(db, &hash(session)).await
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
