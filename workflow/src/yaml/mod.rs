//! YAML text to nodes with line and column.
//!
//! One document, scalars typed by the narrow YAML 1.2 core schema GitHub uses, aliases read as if
//! their anchor's text stood there again, no merge keys (`semantics` 1.1 to 1.3). Does not know
//! which keys a workflow may have and keeps duplicate keys: the template reader reports them.
//! Invariant: whatever the text, the answer is a bounded tree or one error, in time linear in the
//! text and the limits.

mod compose;
mod error;
mod limits;
mod lines;
mod node;
mod scalar;
mod tag;

#[cfg(test)]
mod tests;

pub use compose::{parse, parse_without_anchors};
pub use error::YamlError;
pub use limits::{MAX_BYTES, MAX_CHARACTERS, MAX_DEPTH, MAX_NODES};
pub use node::{Node, NodeKind, Scalar};
