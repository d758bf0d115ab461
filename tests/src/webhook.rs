//! Deliveries as GitHub sends them.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

/// `sha256=<hex>` over `body`, the value of `X-Hub-Signature-256`.
#[must_use]
pub fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap_or_else(|_| {
        unreachable!("HMAC takes keys of any length");
    });
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// A push of `after` to `branch` of `full_name`.
#[must_use]
pub fn push(full_name: &str, branch: &str, before: &str, after: &str) -> Value {
    let (owner, name) = full_name.split_once('/').unwrap_or(("", full_name));
    json!({
        "ref": format!("refs/heads/{branch}"),
        "before": before,
        "after": after,
        "created": before.bytes().all(|b| b == b'0'),
        "deleted": after.bytes().all(|b| b == b'0'),
        "forced": false,
        "base_ref": null,
        "commits": [{"id": after, "message": "Change things"}],
        "head_commit": {"id": after, "message": "Change things", "timestamp": "2026-01-01T00:00:00Z"},
        "repository": {
            "id": 1,
            "name": name,
            "full_name": full_name,
            "owner": {"login": owner},
            "default_branch": "main",
        },
        "pusher": {"name": "tess", "email": "tess@example.com"},
        "sender": {"login": "tess", "id": 7},
    })
}

/// The sha of "no commit".
pub const NO_COMMIT: &str = "0000000000000000000000000000000000000000";
