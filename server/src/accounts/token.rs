//! Random credentials, of which only the hash is stored.
//!
//! Does not authenticate anybody. Invariant: 256 random bits, so that a plain SHA-256 cannot be
//! guessed back.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;

use super::access::Role;
use super::queries;

/// Lets scanners find leaked access tokens.
const ACCESS_TOKEN_PREFIX: &str = "gantry_pat_";

/// An access token to issue.
#[derive(Clone, Debug)]
pub struct NewAccessToken {
    pub login: String,
    pub role: Role,
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

/// `prefix` and 256 random bits.
pub(super) fn random_credential(prefix: &str) -> SecretString {
    let bits: [u8; 32] = rand::random();
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bits)).into()
}

/// What is stored of a credential.
pub(super) fn hash(credential: &str) -> Vec<u8> {
    Sha256::digest(credential.as_bytes()).to_vec()
}
