//! The bounds of a document (`semantics` 1.3) and the meter that watches them.
//!
//! Invariant: a node is counted before it is built, so that no input makes the reader use more
//! memory than the limits allow.

use super::error::YamlError;
use crate::diagnostic::Position;

/// Characters of a file. A longer file is refused unread.
pub const MAX_CHARACTERS: usize = 1_048_576;

/// Sequences and mappings within each other. One deeper and the file is refused.
pub const MAX_DEPTH: usize = 50;

/// Nodes of a document after its aliases are replayed, keys included; the guard against alias bombs.
pub const MAX_NODES: usize = 50_000;

/// Bytes a document may take as GitHub accounts for them, after its aliases are replayed.
pub const MAX_BYTES: usize = 10 * 1024 * 1024;

/// Accounted for every node.
const NODE_BYTES: usize = 24;

/// Accounted for every character of a string: GitHub keeps UTF-16.
const CHARACTER_BYTES: usize = 2;

/// What a node and everything in it costs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost {
    pub(super) nodes: usize,
    pub(super) bytes: usize,
    /// Collections within each other, this one included.
    pub(super) height: usize,
}

impl Cost {
    pub(super) fn scalar(text: &str) -> Self {
        let characters = if text.is_ascii() { text.len() } else { text.encode_utf16().count() };
        Self { nodes: 1, bytes: NODE_BYTES + CHARACTER_BYTES * characters, height: 0 }
    }

    pub(super) fn collection() -> Self {
        Self { nodes: 1, bytes: NODE_BYTES, height: 1 }
    }

    /// The cost of a collection and of one more node in it.
    pub(super) fn containing(self, inner: Self) -> Self {
        Self {
            nodes: self.nodes + inner.nodes,
            bytes: self.bytes + inner.bytes,
            height: self.height.max(inner.height + 1),
        }
    }
}

/// Running totals of one document.
#[derive(Debug, Default)]
pub(super) struct Meter {
    nodes: usize,
    bytes: usize,
    depth: usize,
}

impl Meter {
    /// Counts a node that is about to be built at the current depth.
    pub(super) fn spend(&mut self, cost: Cost, position: Position) -> Result<(), YamlError> {
        self.nodes += cost.nodes;
        self.bytes += cost.bytes;
        let exceeded = |code, message: &str| Err(YamlError::new(position, code, message));
        if self.depth + cost.height > MAX_DEPTH {
            Err(too_deep(position))
        } else if self.nodes > MAX_NODES {
            exceeded("max-nodes", "Maximum YAML nodes exceeded")
        } else if self.bytes > MAX_BYTES {
            exceeded("max-size", "Maximum object size exceeded")
        } else {
            Ok(())
        }
    }

    pub(super) fn enter(&mut self) {
        self.depth += 1;
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }
}

pub(super) fn too_deep(position: Position) -> YamlError {
    YamlError::new(position, "max-depth", "Maximum object depth exceeded")
}
