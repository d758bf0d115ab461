//! The values of the expression language.
//!
//! Does not coerce or compare them ([`super::coercion`]) nor read or write JSON ([`super::json`]).
//! Invariant: objects keep insertion order.

use std::sync::Arc;

use foldhash::fast::RandomState;
use indexmap::IndexMap;

use super::fold;

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

/// What sort of value a [`Value`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

/// The names and values of an [`Object`].
pub type Entries = IndexMap<String, Value, RandomState>;

/// Entries that are looked through one by one, which takes less time than hashing a name.
const MAX_LOOKED_THROUGH: usize = 12;

/// A mapping with insertion order. Lookup ignores case unless `case_sensitive`.
#[derive(Clone, Debug, Default)]
pub struct Object {
    pub entries: Entries,
    /// True only for the `env` context on Linux and macOS (`semantics` 2.5).
    pub case_sensitive: bool,
}

impl Object {
    /// The value under `key`, ignoring case unless the object is case-sensitive.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        let as_written = if self.entries.len() <= MAX_LOOKED_THROUGH {
            self.entries.iter().find(|(k, _)| *k == key).map(|(_, v)| v)
        } else {
            self.entries.get(key)
        };
        match as_written {
            Some(value) => Some(value),
            None if self.case_sensitive => None,
            None => self.entries.iter().find(|(k, _)| fold::equal(k, key)).map(|(_, v)| v),
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
    pub fn kind(&self) -> Kind {
        match self {
            Self::Null => Kind::Null,
            Self::Bool(_) => Kind::Boolean,
            Self::Number(_) => Kind::Number,
            Self::String(_) => Kind::String,
            Self::Array(_) => Kind::Array,
            Self::Object(_) => Kind::Object,
        }
    }

    /// Whether the value is neither an array nor an object.
    #[must_use]
    pub fn is_primitive(&self) -> bool {
        !matches!(self, Self::Array(_) | Self::Object(_))
    }

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
}
