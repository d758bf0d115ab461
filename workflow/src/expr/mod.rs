//! Expressions: lexer, parser, values and coercion, evaluation.
//!
//! Does not know where an expression stands in a workflow; the caller passes what is [`Allowed`].

mod environment;
mod expression;
mod value;

pub use environment::{Allowed, Environment, StatusView};
pub use expression::{EvalError, Expression, ParseError};
pub use value::{Object, Value};
