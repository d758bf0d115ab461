//! The values of the expression language and their conversion from and to JSON.
//!
//! Coercion and comparison rules: `semantics` 2.3 and 2.4. Objects keep insertion order.

use std::sync::Arc;

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value of the expression language. Cloning is cheap: compound values are shared.
#[derive(Clone, Debug, Default)]
pub enum Value {
    #[default]
    Null,
    Bool(bool),
    Number(f64),
    String(Arc<str>),
    Array(Arc<Vec<Value>>),
    Object(Arc<Object>),
}

/// A mapping with insertion order. Lookup ignores case unless `case_sensitive`.
#[derive(Clone, Debug, Default)]
pub struct Object {
    pub entries: IndexMap<String, Value>,
    /// True only for the `env` context on Linux and macOS (`semantics` 2.5).
    pub case_sensitive: bool,
}

impl Object {
    /// The value under `key`, ignoring case unless the object is case-sensitive.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        match self.entries.get(key) {
            Some(value) => Some(value),
            None if self.case_sensitive => None,
            None => {
                let folded = key.to_uppercase();
                self.entries.iter().find(|(k, _)| k.to_uppercase() == folded).map(|(_, v)| v)
            }
        }
    }
}

impl FromIterator<(String, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(iter: I) -> Self {
        Self { entries: iter.into_iter().collect(), case_sensitive: false }
    }
}

impl Value {
    #[must_use]
    pub fn string(text: impl Into<Arc<str>>) -> Self {
        Self::String(text.into())
    }

    #[must_use]
    pub fn array(items: Vec<Value>) -> Self {
        Self::Array(Arc::new(items))
    }

    #[must_use]
    pub fn object(entries: impl IntoIterator<Item = (String, Value)>) -> Self {
        Self::Object(Arc::new(entries.into_iter().collect()))
    }

    /// JSON integers and floats become doubles, as in GitHub's `fromJSON`.
    #[must_use]
    pub fn from_json(json: &serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(b) => Self::Bool(*b),
            serde_json::Value::Number(n) => Self::Number(n.as_f64().unwrap_or(f64::NAN)),
            serde_json::Value::String(s) => Self::string(s.as_str()),
            serde_json::Value::Array(items) => {
                Self::array(items.iter().map(Self::from_json).collect())
            }
            serde_json::Value::Object(map) => {
                Self::object(map.iter().map(|(k, v)| (k.clone(), Self::from_json(v))))
            }
        }
    }
}

impl Value {
    /// The value as JSON; NaN and the infinities, which JSON has not, become null.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(b) => serde_json::Value::Bool(*b),
            Self::Number(n) => number_to_json(*n),
            Self::String(s) => serde_json::Value::String(s.to_string()),
            Self::Array(items) => items.iter().map(Self::to_json).collect(),
            Self::Object(object) => serde_json::Value::Object(
                object.entries.iter().map(|(k, v)| (k.clone(), v.to_json())).collect(),
            ),
        }
    }
}

/// Whole numbers are written without a fraction, so that ids stay readable.
fn number_to_json(number: f64) -> serde_json::Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
        return serde_json::Value::from(number as i64);
    }
    serde_json::Value::from(number)
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_json::Value::deserialize(deserializer).map(|json| Self::from_json(&json))
    }
}
