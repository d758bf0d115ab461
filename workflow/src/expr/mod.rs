//! Expressions: lexer, parser, values and coercion, evaluation.
//!
//! Does not know where an expression stands in a workflow; the caller passes what is [`Allowed`].

mod coercion;
mod combine;
mod environment;
mod evaluate;
mod expression;
mod fold;
mod functions;
mod index;
mod json;
mod lexer;
mod node;
mod number;
mod parser;
mod references;
mod token;
mod value;

pub use environment::{Allowed, Environment, HashFiles, StatusView};
pub use expression::{EvalError, Expression, ParseError};
pub use value::{Entries, Kind, Object, Value};

pub(crate) use combine::Part;
pub(crate) use functions::escape_json;

#[cfg(test)]
mod tests;
