//! Truth, text and number of a value, and the comparison of two.
//!
//! Follows `semantics` 2.3 and 2.4. Invariant: coercion never fails; what has no number is NaN, and
//! NaN equals nothing.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use super::fold;
use super::node::Comparison;
use super::number::{format_number, parse_number};
use super::value::Value;

impl Value {
    /// Whether the value counts as true: all but `null`, `false`, 0, NaN and the empty text.
    #[must_use]
    pub fn truthy(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Number(number) => *number != 0.0 && !number.is_nan(),
            Self::String(text) => !text.is_empty(),
            Self::Array(_) | Self::Object(_) => true,
        }
    }

    /// The value as text, as it appears where `${{ }}` stands within text.
    #[must_use]
    pub fn to_text(&self) -> Cow<'_, str> {
        match self {
            Self::Null => Cow::Borrowed(""),
            Self::Bool(true) => Cow::Borrowed("true"),
            Self::Bool(false) => Cow::Borrowed("false"),
            Self::Number(number) => Cow::Owned(format_number(*number)),
            Self::String(text) => Cow::Borrowed(text),
            Self::Array(_) => Cow::Borrowed("Array"),
            Self::Object(_) => Cow::Borrowed("Object"),
        }
    }

    /// The value as a number; text that is no number, arrays and objects are NaN.
    #[must_use]
    pub fn to_number(&self) -> f64 {
        match self {
            Self::Null => 0.0,
            Self::Bool(value) => f64::from(u8::from(*value)),
            Self::Number(number) => *number,
            Self::String(text) => parse_number(text),
            Self::Array(_) | Self::Object(_) => f64::NAN,
        }
    }

    /// `==` of the expression language: values of different kinds are compared as numbers, texts
    /// without regard to case, and an array or object equals only itself.
    #[must_use]
    pub fn loosely_equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::String(left), Self::String(right)) => fold::equal(left, right),
            (Self::Array(left), Self::Array(right)) => Arc::ptr_eq(left, right),
            (Self::Object(left), Self::Object(right)) => Arc::ptr_eq(left, right),
            #[expect(clippy::float_cmp, reason = "the language compares doubles exactly")]
            _ => self.to_number() == other.to_number(),
        }
    }

    /// The order of two values, where they have one.
    fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::String(left), Self::String(right)) => Some(fold::compare(left, right)),
            // Null is not ordered against null, although it is against other kinds.
            (Self::Null, Self::Null) => None,
            _ => self.to_number().partial_cmp(&other.to_number()),
        }
    }
}

impl Comparison {
    pub(super) fn holds(self, left: &Value, right: &Value) -> bool {
        let equal = || left.loosely_equals(right);
        match self {
            Self::Equal => equal(),
            Self::NotEqual => !equal(),
            Self::Less => left.order(right) == Some(Ordering::Less),
            Self::Greater => left.order(right) == Some(Ordering::Greater),
            Self::LessOrEqual => equal() || left.order(right) == Some(Ordering::Less),
            Self::GreaterOrEqual => equal() || left.order(right) == Some(Ordering::Greater),
        }
    }
}
