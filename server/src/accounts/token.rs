//! Random credentials, of which only the hash is stored.
//!
//! Does not authenticate anybody. Invariant: 256 random bits, so that a plain SHA-256 cannot be
//! guessed back.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;

use super::access::{Grant, Identity};
use super::queries;

/// Lets scanners find leaked access tokens.
const ACCESS_TOKEN_PREFIX: &str = "gantry_pat_";

/// An access token to issue.
#[derive(Clone, Debug)]
pub struct NewAccessToken {
    pub login: String,
    /// What it is for, in its owner's words; may be empty.
    pub name: String,
    /// Of whoever it belongs to, when they signed in with GitHub.
    pub github_id: Option<i64>,
    pub grant: Grant,
    /// `None`: until it is revoked.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Stores a new access token's hash and returns the token, which cannot be shown again.
pub async fn issue_access_token(
    db: &mut PgConnection,
    request: &NewAccessToken,
) -> sqlx::Result<SecretString> {
    let token = random_credential(ACCESS_TOKEN_PREFIX);
    queries::insert_access_token(db, request, &hash(token.expose_secret())).await?;
    Ok(token)
}

/// An access token without its secret part.
#[derive(Clone, Debug, Serialize)]
pub struct AccessTokenView {
    pub id: i64,
    pub login: String,
    pub name: String,
    /// `read`, `write` or `admin`.
    pub role: String,
    /// `owner/name` of each repository in which it holds; null: in all.
    pub repositories: Option<Vec<String>>,
    pub created_at: DateTime<Utc>,
    /// To the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    pub expires_at: Option<DateTime<Utc>>,
}

/// The tokens of `owner`, or all when it is not given; the newest first.
pub async fn list_access_tokens(
    db: &mut PgConnection,
    owner: Option<&Identity>,
) -> sqlx::Result<Vec<AccessTokenView>> {
    queries::access_tokens(db, owner).await
}

/// Ends a token at once: one of `owner`, or anybody's when it is not given. False when there is none.
pub async fn revoke_access_token(
    db: &mut PgConnection,
    id: i64,
    owner: Option<&Identity>,
) -> sqlx::Result<bool> {
    queries::delete_access_token(db, id, owner).await
}

/// `prefix` and 256 random bits.
pub(super) fn random_credential(prefix: &str) -> SecretString {
    let bits: [u8; 32] = rand::random();
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bits)).into()
}

/// What is stored of a credential.
pub(super) fn hash(credential: &str) -> Vec<u8> {
    Sha256::digest(credential.as_bytes()).to_vec()
}
