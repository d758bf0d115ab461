//! A checked piece of a workflow file that may hold expressions.

use serde::{Deserialize, Serialize};

use crate::diagnostic::Position;
use crate::expr::{Environment, EvalError, Expression, Value};

/// A node of a workflow file after checking: literal, expression, sequence or mapping.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Token {
    pub position: Position,
    pub kind: TokenKind,
}

/// What a [`Token`] is. Text around `${{ }}` has become one `format('..{0}..', ...)` expression
/// (`semantics` 1.6).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    Null,
    Bool(bool),
    Number(f64),
    String(String),
    Expression(Expression),
    Sequence(Vec<Token>),
    /// Keys in file order; a key may be an expression.
    Mapping(Vec<(Token, Token)>),
}

impl Token {
    /// The value of the token, with sequences spliced and `${{ insert }}` merged (`semantics` 1.6).
    pub fn evaluate(&self, environment: &Environment<'_>) -> Result<Value, EvalError> {
        let _ = environment;
        todo!()
    }
}
