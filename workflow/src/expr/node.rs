//! The tree of a parsed expression.
//!
//! Does not evaluate. Invariant: the tree is at most [`MAX_DEPTH`] deep, so that walking it by
//! recursion is safe.

use std::borrow::Cow;

use smallvec::SmallVec;
use smol_str::SmolStr;

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
    Path(Box<Path>),
    Index {
        target: Box<Node>,
        key: Key,
    },
    /// `*` that is not an index by itself, as in `x[* == 'a']`; its value is the text `*`.
    Wildcard,
    Not(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
    Compare(Box<Compared>),
    Call {
        function: Function,
        arguments: Vec<Node>,
    },
}

/// A context and the properties that are named behind it, as in `github.event.action`.
#[derive(Debug)]
pub(super) struct Path {
    /// In lower case.
    pub(super) context: Cow<'static, str>,
    pub(super) names: SmallVec<[SmolStr; 3]>,
}

/// Two operands and how they are compared.
#[derive(Debug)]
pub(super) struct Compared {
    pub(super) comparison: Comparison,
    pub(super) left: Node,
    pub(super) right: Node,
}

/// What stands behind the `.` or within the `[]` of an index that is no part of a path.
#[derive(Debug)]
pub(super) enum Key {
    Name(SmolStr),
    Wildcard,
    Computed(Box<Node>),
}

impl Node {
    /// The nodes directly below this one.
    pub(super) fn children(&self) -> Vec<&Self> {
        match self {
            Self::Literal(_) | Self::Path(_) | Self::Wildcard => Vec::new(),
            Self::Index { target, key: Key::Computed(key) } => vec![target, key],
            Self::Index { target: node, key: Key::Name(_) | Key::Wildcard } | Self::Not(node) => {
                vec![node]
            }
            Self::And(nodes) | Self::Or(nodes) | Self::Call { arguments: nodes, .. } => {
                nodes.iter().collect()
            }
            Self::Compare(compared) => vec![&compared.left, &compared.right],
        }
    }
}
