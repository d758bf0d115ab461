//! Sign-in by a one-time link.
//!
//! Does not begin the session. Invariant: a link works once, and ends by itself.

use chrono::{TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgConnection;

use super::access::Identity;
use super::queries;
use super::token::{hash, random_credential};

/// How long a login link works. Long enough to open it, short enough for a shell's history.
const LINK_MINUTES: i64 = 15;

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

/// Uses up the code; `None` when it is unknown, used or too old.
pub async fn redeem_login_code(
    db: &mut PgConnection,
    code: &str,
) -> sqlx::Result<Option<Identity>> {
    queries::take_login_code(db, &hash(code)).await
}
