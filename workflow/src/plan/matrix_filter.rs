//! One `include` or `exclude` item of a matrix as a filter over combinations (`semantics` 4.1).
//!
//! Compares leaf by leaf with the expression language's `==`. Invariant: a filter without leaves
//! matches everything.

use crate::expr::{Object, Value};

/// The leaves that a combination must have.
pub(super) struct Filter {
    leaves: Vec<(Vec<Step>, Value)>,
}

/// One step on the way to a leaf.
#[derive(Clone)]
enum Step {
    Key(String),
    Index(usize),
}

impl Filter {
    pub(super) fn new(pairs: &[(String, Value)]) -> Self {
        let mut leaves = Vec::new();
        for (key, value) in pairs {
            collect(value, &mut vec![Step::Key(key.clone())], &mut leaves);
        }
        Self { leaves }
    }

    /// A missing leaf is null, and so matches `''`, `0` and `null`.
    pub(super) fn matches(&self, combination: &Object) -> bool {
        self.leaves.iter().all(|(path, wanted)| find(combination, path).loosely_equals(wanted))
    }
}

fn collect(value: &Value, path: &mut Vec<Step>, leaves: &mut Vec<(Vec<Step>, Value)>) {
    match value {
        Value::Object(object) => {
            for (key, item) in &object.entries {
                path.push(Step::Key(key.clone()));
                collect(item, path, leaves);
                path.pop();
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push(Step::Index(index));
                collect(item, path, leaves);
                path.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            leaves.push((path.clone(), value.clone()));
        }
    }
}

fn find<'a>(combination: &'a Object, path: &[Step]) -> &'a Value {
    const MISSING: &Value = &Value::Null;
    let Some((Step::Key(key), rest)) = path.split_first() else { return MISSING };
    let first = combination.get(key).unwrap_or(MISSING);
    rest.iter().fold(first, |value, step| {
        let child = match (value, step) {
            (Value::Object(object), Step::Key(key)) => object.get(key),
            (Value::Array(items), Step::Index(index)) => items.get(*index),
            _ => None,
        };
        child.unwrap_or(MISSING)
    })
}
