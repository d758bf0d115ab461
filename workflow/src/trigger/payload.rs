//! Reading a webhook payload without failing: absent and mistyped fields are empty.
//!
//! Does not validate payloads. Invariant: no payload makes a reader panic.

use serde_json::Value;

/// The text at a JSON pointer; empty when it is absent, null or not a string.
pub(super) fn text<'a>(payload: &'a Value, pointer: &str) -> &'a str {
    payload.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Whether the value at a JSON pointer is `true`.
pub(super) fn is_true(payload: &Value, pointer: &str) -> bool {
    payload.pointer(pointer).and_then(Value::as_bool).unwrap_or_default()
}

/// The short name of a fully formed ref: `refs/heads/a/b` is `a/b`, `refs/tags/v1` is `v1`.
pub(super) fn short_ref(git_ref: &str) -> &str {
    git_ref
        .strip_prefix("refs/heads/")
        .or_else(|| git_ref.strip_prefix("refs/tags/"))
        .unwrap_or(git_ref)
}
