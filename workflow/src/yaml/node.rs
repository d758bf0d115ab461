//! The tree a YAML document becomes. Holds no text positions but the start of each node.
//!
//! Invariant: cloning a collection costs nothing, so that an alias shares what it repeats and a text
//! full of aliases costs memory only once.

use std::sync::Arc;

use crate::diagnostic::Position;

/// A node of a document and where it starts. A node that an alias brought in stands where its
/// anchor stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub position: Position,
    pub kind: NodeKind,
}

/// What a [`Node`] is.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeKind {
    Scalar(Scalar),
    Sequence(Arc<Vec<Node>>),
    /// In file order, duplicate keys included.
    Mapping(Arc<Vec<(Node, Node)>>),
}

/// A typed scalar. Every number is a double, as in GitHub's reader.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    Null,
    Bool(bool),
    Number(f64),
    String(String),
}
