//! Bodies of requests, key by key. Pure.
//!
//! Invariant: a key that is not known is left out when it says nothing, and refused otherwise. Keys are
//! compared exactly, while the engine ignores case: an odd spelling is an unknown key.

use serde_json::{Map, Value};

use super::refusal::Refusal;

/// Leaves `kept` and whatever says nothing.
pub(super) fn keep_only(
    body: &mut Map<String, Value>,
    kept: &[&str],
    what: &str,
) -> Result<(), Refusal> {
    let unknown: Vec<String> =
        body.keys().filter(|key| !kept.contains(&key.as_str())).cloned().collect();
    for key in unknown {
        if let Some(value) = body.remove(&key)
            && !says_nothing(&value)
        {
            return Err(Refusal::forbidden(format!(
                "`{key}` of {what} is not allowed through a job's engine socket"
            )));
        }
    }
    Ok(())
}

/// What the engine takes for "not given".
pub(super) fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(is_set) => !is_set,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.iter().all(says_nothing),
        Value::Object(entries) => entries.values().all(says_nothing),
    }
}

/// An object that is a part of another; absent and null mean an empty one.
pub(super) fn part(
    body: &mut Map<String, Value>,
    key: &str,
) -> Result<Map<String, Value>, Refusal> {
    match body.remove(key) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(part)) => Ok(part),
        Some(_) => Err(Refusal::bad(format!("`{key}` is not a mapping"))),
    }
}

/// A text; absent and null mean an empty one.
pub(super) fn text<'a>(body: &'a Map<String, Value>, key: &str) -> Result<&'a str, Refusal> {
    match body.get(key) {
        None | Some(Value::Null) => Ok(""),
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(Refusal::bad(format!("`{key}` is not a text"))),
    }
}

/// A list of texts; absent and null mean an empty one.
pub(super) fn texts(body: &Map<String, Value>, key: &str) -> Result<Vec<String>, Refusal> {
    let bad = || Refusal::bad(format!("`{key}` is not a list of texts"));
    match body.get(key) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(values)) => {
            values.iter().map(|value| value.as_str().map(str::to_owned).ok_or_else(bad)).collect()
        }
        Some(_) => Err(bad()),
    }
}
