//! Values that an expression gave, read by the table of keys as if a file had them
//! (`semantics` 1.6, point 7).
//!
//! Invariant: no text among them is searched for expressions.

use std::sync::Arc;

use super::reader::Reader;
use super::token::Token;
use crate::diagnostic::{Diagnostics, Position};
use crate::expr::Value;
use crate::schema::Definition;
use crate::yaml::{Node, NodeKind, Scalar};

/// Reads `value`, which stands at a position of a file, as `definition` says.
pub fn read_value(
    (value, position): (&Value, Position),
    definition: &'static Definition,
    diagnostics: &mut Diagnostics,
) -> Token {
    Reader { diagnostics, is_evaluated: true }.read_root(node(value, position), definition)
}

fn node(value: &Value, position: Position) -> Node {
    let kind = match value {
        Value::Null => NodeKind::Scalar(Scalar::Null),
        Value::Bool(value) => NodeKind::Scalar(Scalar::Bool(*value)),
        Value::Number(number) => NodeKind::Scalar(Scalar::Number(*number)),
        Value::String(text) => NodeKind::Scalar(Scalar::String(text.as_ref().into())),
        Value::Array(items) => {
            NodeKind::Sequence(Arc::new(items.iter().map(|item| node(item, position)).collect()))
        }
        Value::Object(object) => {
            let key = |key: &String| {
                let kind = NodeKind::Scalar(Scalar::String(key.as_str().into()));
                Node { position, kind }
            };
            let pairs = object.entries.iter();
            let pairs = pairs.map(|(name, value)| (key(name), node(value, position)));
            NodeKind::Mapping(Arc::new(pairs.collect()))
        }
    };
    Node { position, kind }
}
