//! Schema-driven reading: YAML nodes to checked tokens, and the evaluation of tokens to values.
//!
//! Does not build the model. Invariant: every token knows where it stands in its file.

mod token;

pub use token::{Token, TokenKind};
