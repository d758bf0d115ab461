//! `x.name`, `x[key]` and `x.*` on a value or on each item that a `*` selected.
//!
//! Follows `semantics` 2.5. Invariant: never fails; what is not there is null, or no item.

use std::borrow::Cow;

use super::evaluate::Evaluated;
use super::number::parse_number;
use super::value::Value;

/// What an index asks for.
pub(super) enum Selector<'k> {
    Name(&'k str),
    Key(&'k Value),
    All,
}

pub(super) fn select<'a>(target: Evaluated<'a>, selector: &Selector<'_>) -> Evaluated<'a> {
    match (target, selector) {
        (Evaluated::Filtered(items), Selector::All) => {
            Evaluated::Filtered(items.into_iter().flat_map(all).collect())
        }
        (Evaluated::Filtered(items), _) => {
            // Items without the property are dropped.
            Evaluated::Filtered(items.into_iter().filter_map(|item| part(item, selector)).collect())
        }
        (Evaluated::Value(value), Selector::All) => Evaluated::Filtered(all(value)),
        (Evaluated::Value(value), _) => {
            part(value, selector).map_or(Evaluated::NULL, Evaluated::Value)
        }
    }
}

/// What the selector finds in a value, borrowed if the value is.
fn part<'a>(value: Cow<'a, Value>, selector: &Selector<'_>) -> Option<Cow<'a, Value>> {
    match value {
        Cow::Borrowed(value) => one(value, selector).map(Cow::Borrowed),
        Cow::Owned(value) => one(&value, selector).cloned().map(Cow::Owned),
    }
}

/// All items of an array or values of an object.
fn all(value: Cow<'_, Value>) -> Vec<Cow<'_, Value>> {
    match value {
        Cow::Borrowed(Value::Array(items)) => items.iter().map(Cow::Borrowed).collect(),
        Cow::Borrowed(Value::Object(object)) => {
            object.entries.values().map(Cow::Borrowed).collect()
        }
        Cow::Owned(Value::Array(items)) => items.iter().cloned().map(Cow::Owned).collect(),
        Cow::Owned(Value::Object(object)) => {
            object.entries.values().cloned().map(Cow::Owned).collect()
        }
        _ => Vec::new(),
    }
}

/// Shows `visit` all items of an array or values of an object.
pub(super) fn visit_all<'a>(value: &'a Value, visit: &mut dyn FnMut(&'a Value)) {
    match value {
        Value::Array(items) => items.iter().for_each(visit),
        Value::Object(object) => object.entries.values().for_each(visit),
        _ => {}
    }
}

/// What is called `name` in a value.
pub(super) fn property<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        Value::Object(object) => object.get(name),
        Value::Array(items) => at(items, parse_number(name)),
        _ => None,
    }
}

fn one<'v>(value: &'v Value, selector: &Selector<'_>) -> Option<&'v Value> {
    match (value, selector) {
        (value, Selector::Name(name)) => property(value, name),
        (Value::Object(object), Selector::Key(key)) if key.is_primitive() => {
            object.get(&key.to_text())
        }
        (Value::Array(items), Selector::Key(key)) => at(items, key.to_number()),
        _ => None,
    }
}

/// The item at the number without its fraction.
fn at(items: &[Value], position: f64) -> Option<&Value> {
    // Also false for NaN.
    if !(position >= 0.0 && position <= f64::from(i32::MAX)) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "range checked")]
    items.get(position as usize)
}
