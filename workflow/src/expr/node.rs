//! The tree of a parsed expression.
//!
//! Does not evaluate. Invariant: the tree is at most [`MAX_DEPTH`] deep, so that walking it by
//! recursion is safe.

use std::borrow::Cow;
use std::sync::Arc;

use super::functions::Function;
use super::value::Value;

/// Levels a tree may have; chains of one of `&&` and `||` count as one level (`semantics` 2.3).
pub(super) const MAX_DEPTH: usize = 50;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug)]
pub(super) enum Node {
    Literal(Value),
    /// A context by its lower-case name.
    Context(Cow<'static, str>),
    Index {
        target: Box<Node>,
        key: Key,
    },
    /// `*` that is not an index by itself, as in `x[* == 'a']`; its value is the text `*`.
    Wildcard,
    Not(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
    Compare {
        comparison: Comparison,
        left: Box<Node>,
        right: Box<Node>,
    },
    Call {
        function: Function,
        arguments: Vec<Node>,
    },
}

/// What stands behind the `.` or within the `[]` of an index.
#[derive(Debug)]
pub(super) enum Key {
    Name(Arc<str>),
    Wildcard,
    Computed(Box<Node>),
}

impl Node {
    /// The nodes directly below this one.
    pub(super) fn children(&self) -> Vec<&Self> {
        match self {
            Self::Literal(_) | Self::Context(_) | Self::Wildcard => Vec::new(),
            Self::Index { target, key: Key::Computed(key) } => vec![target, key],
            Self::Index { target: node, key: Key::Name(_) | Key::Wildcard } | Self::Not(node) => {
                vec![node]
            }
            Self::And(nodes) | Self::Or(nodes) | Self::Call { arguments: nodes, .. } => {
                nodes.iter().collect()
            }
            Self::Compare { left, right, .. } => vec![left, right],
        }
    }
}
