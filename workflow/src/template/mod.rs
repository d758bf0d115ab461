//! Schema-driven reading: YAML nodes to checked tokens, and the evaluation of tokens to values.
//!
//! Does not build the model. Invariant: every token knows where it stands in its file.

mod evaluate;
mod interpolation;
mod literal;
mod mapping;
mod reader;
mod stored;
#[cfg(test)]
mod tests;
mod text;
mod token;

pub use literal::read_value;
pub use reader::read;
pub use text::parse_text;
pub use token::{Token, TokenKind};
