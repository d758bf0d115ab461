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
        (Evaluated::Filtered(items), _) => Evaluated::Filtered(select_each(&items, selector)),
        (Evaluated::Value(value), Selector::All) => {
            Evaluated::Filtered(all(&value).cloned().collect())
        }
        (Evaluated::Value(Cow::Borrowed(value)), _) => match one(value, selector) {
            Some(found) => Evaluated::Value(Cow::Borrowed(found)),
            None => Evaluated::NULL,
        },
        (Evaluated::Value(Cow::Owned(value)), _) => {
            Evaluated::owned(one(&value, selector).cloned().unwrap_or_default())
        }
    }
}

/// Applies the selector to each item; items without the property are dropped.
fn select_each(items: &[Value], selector: &Selector<'_>) -> Vec<Value> {
    match selector {
        Selector::All => items.iter().flat_map(all).cloned().collect(),
        _ => items.iter().filter_map(|item| one(item, selector)).cloned().collect(),
    }
}

/// All items of an array or values of an object.
fn all(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match value {
        Value::Array(items) => Box::new(items.iter()),
        Value::Object(object) => Box::new(object.entries.values()),
        _ => Box::new(std::iter::empty()),
    }
}

fn one<'v>(value: &'v Value, selector: &Selector<'_>) -> Option<&'v Value> {
    match (value, selector) {
        (Value::Object(object), Selector::Name(name)) => object.get(name),
        (Value::Object(object), Selector::Key(key)) if key.is_primitive() => {
            object.get(&key.to_text())
        }
        (Value::Array(items), Selector::Name(name)) => at(items, parse_number(name)),
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
