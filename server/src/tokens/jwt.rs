//! Tokens in three parts, signed under a key that only this server has. Pure.
//!
//! Clients decode them without verifying. Invariant: a token counts for the purpose that it was
//! signed for, and its header is never asked how to verify it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::secrets::Vault;

/// `{"alg":"HS256","typ":"JWT"}`, which is what our signature is to anybody else.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

/// The token with these claims.
pub(super) fn sign<T: Serialize>(
    vault: &Vault,
    purpose: &str,
    claims: &T,
) -> serde_json::Result<String> {
    let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(claims)?);
    let message = format!("{HEADER}.{payload}");
    let code = URL_SAFE_NO_PAD.encode(vault.sign(purpose, message.as_bytes()));
    Ok(format!("{message}.{code}"))
}

/// The claims of a token that we have signed for this purpose.
pub(super) fn open<T: DeserializeOwned>(vault: &Vault, purpose: &str, token: &str) -> Option<T> {
    let (message, code) = token.rsplit_once('.')?;
    let (_, payload) = message.split_once('.')?;
    let code = URL_SAFE_NO_PAD.decode(code).ok()?;
    if !vault.verify(purpose, message.as_bytes(), &code) {
        return None;
    }
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}
