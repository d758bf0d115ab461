//! A checked piece of a workflow file that may hold expressions.

use std::borrow::Cow;

use crate::diagnostic::Position;
use crate::expr::{Expression, Value};
use crate::yaml::Scalar;

/// A node of a workflow file after checking: literal, expression, sequence or mapping.
#[derive(Clone, Debug)]
pub struct Token {
    pub position: Position,
    pub kind: TokenKind,
}

/// What a [`Token`] is. Text around `${{ }}` has become one `format('..{0}..', ...)` expression
/// (`semantics` 1.6).
#[derive(Clone, Debug)]
pub enum TokenKind {
    Null,
    Bool(bool),
    Number(f64),
    String(String),
    Expression(Expression),
    /// `${{ insert }}`, only as a key: its value's entries belong to the mapping around it.
    Insert,
    Sequence(Vec<Token>),
    /// Keys in file order; a key may be an expression.
    Mapping(Vec<(Token, Token)>),
}

impl From<Scalar> for TokenKind {
    fn from(scalar: Scalar) -> Self {
        match scalar {
            Scalar::Null => Self::Null,
            Scalar::Bool(value) => Self::Bool(value),
            Scalar::Number(number) => Self::Number(number),
            Scalar::String(text) => Self::String(text),
        }
    }
}

impl Token {
    #[must_use]
    pub fn new(position: Position, kind: TokenKind) -> Self {
        Self { position, kind }
    }

    #[must_use]
    pub fn is_expression(&self) -> bool {
        matches!(self.kind, TokenKind::Expression(_) | TokenKind::Insert)
    }

    /// Whether a mapping's keys are known only after evaluation, all or some of them.
    #[must_use]
    pub fn has_unknown_keys(&self) -> bool {
        self.is_expression() || self.pairs().iter().any(|(key, _)| key.is_expression())
    }

    /// The text of a literal scalar, whatever its type.
    #[must_use]
    pub fn literal_text(&self) -> Option<Cow<'_, str>> {
        match &self.kind {
            TokenKind::String(text) => Some(Cow::Borrowed(text)),
            TokenKind::Null => Some(Cow::Borrowed("")),
            TokenKind::Bool(value) => Some(Cow::Owned(Value::Bool(*value).to_text().into_owned())),
            TokenKind::Number(number) => {
                Some(Cow::Owned(Value::Number(*number).to_text().into_owned()))
            }
            TokenKind::Expression(_)
            | TokenKind::Insert
            | TokenKind::Sequence(_)
            | TokenKind::Mapping(_) => None,
        }
    }

    /// The text of a literal scalar; empty for anything else.
    pub(super) fn into_text(self) -> String {
        match self.kind {
            TokenKind::String(text) => text,
            _ => self.literal_text().unwrap_or_default().into_owned(),
        }
    }

    /// The items of a sequence; none for anything else.
    #[must_use]
    pub fn items(&self) -> &[Token] {
        match &self.kind {
            TokenKind::Sequence(items) => items,
            _ => &[],
        }
    }

    /// The keys and values of a mapping; none for anything else.
    #[must_use]
    pub fn pairs(&self) -> &[(Token, Token)] {
        match &self.kind {
            TokenKind::Mapping(pairs) => pairs,
            _ => &[],
        }
    }

    /// The value under a literal key of a mapping.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Token> {
        let is_key = |token: &Token| matches!(&token.kind, TokenKind::String(text) if text == key);
        self.pairs().iter().find(|(token, _)| is_key(token)).map(|(_, value)| value)
    }

    /// A scalar as the file shows it, for messages.
    #[must_use]
    pub fn display(&self) -> Cow<'_, str> {
        match &self.kind {
            TokenKind::Expression(expression) => Cow::Owned(format!("${{{{ {expression} }}}}")),
            TokenKind::Insert => Cow::Borrowed("${{ insert }}"),
            _ => self.literal_text().unwrap_or_default(),
        }
    }
}
