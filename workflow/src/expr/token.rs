//! The kinds of token an expression consists of, and which may follow which.
//!
//! Does not cut text; [`super::lexer`] does. Invariant: the tables here are those of `semantics` 2.1
//! and 2.2, so that the first wrong token is reported, and nothing later.

use super::node::Comparison;

/// What a token is. Literals carry no value here; the lexer keeps it beside the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// `(` around a part of an expression.
    StartGroup,
    EndGroup,
    /// `(` after a function's name.
    StartParameters,
    EndParameters,
    StartIndex,
    EndIndex,
    Separator,
    Dereference,
    Wildcard,
    Not,
    And,
    Or,
    Compare(Comparison),
    Literal,
    /// A name after a `.`.
    Property,
    Function,
    Context,
    /// Text that is no token, or a token that may not stand here.
    Unexpected,
}

/// A token and where it stands, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl TokenKind {
    /// Whether an operand (a literal, a name, `(`, `!`) must come next.
    pub(super) fn wants_operand(self) -> bool {
        matches!(
            self,
            Self::StartGroup
                | Self::StartParameters
                | Self::StartIndex
                | Self::Separator
                | Self::Not
                | Self::And
                | Self::Or
                | Self::Compare(_)
        )
    }

    /// Whether `.` or `[` may come next. Literals have no properties.
    pub(super) fn may_be_indexed(self) -> bool {
        matches!(
            self,
            Self::EndGroup
                | Self::EndParameters
                | Self::EndIndex
                | Self::Wildcard
                | Self::Property
                | Self::Context
        )
    }

    /// Whether an operand is complete after this token.
    pub(super) fn ends_operand(self) -> bool {
        self == Self::Literal || self.may_be_indexed()
    }

    /// Whether this kind may follow `last`, which is `None` at the beginning.
    pub(super) fn may_follow(self, last: Option<Self>) -> bool {
        let wants_operand = last.is_none_or(Self::wants_operand);
        match self {
            Self::StartGroup | Self::Not | Self::Literal | Self::Function | Self::Context => {
                wants_operand
            }
            Self::StartParameters => last == Some(Self::Function),
            Self::EndParameters => {
                last == Some(Self::StartParameters) || last.is_some_and(Self::ends_operand)
            }
            Self::StartIndex | Self::Dereference => last.is_some_and(Self::may_be_indexed),
            Self::EndGroup
            | Self::EndIndex
            | Self::Separator
            | Self::And
            | Self::Or
            | Self::Compare(_) => last.is_some_and(Self::ends_operand),
            Self::Wildcard => matches!(last, Some(Self::StartIndex | Self::Dereference)),
            Self::Property => last == Some(Self::Dereference),
            Self::Unexpected => false,
        }
    }
}
