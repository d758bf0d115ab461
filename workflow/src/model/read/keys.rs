//! Taking a mapping apart by its literal keys.

use crate::diagnostic::Position;
use crate::template::{Token, TokenKind};

/// The entries of a mapping that nobody has taken yet.
#[derive(Debug)]
pub(super) struct Keys {
    pairs: Vec<(Token, Token)>,
}

impl Keys {
    /// The entries of `token`; none if it is no mapping.
    pub(super) fn of(token: Token) -> Self {
        match token.kind {
            TokenKind::Mapping(pairs) => Self { pairs },
            _ => Self { pairs: Vec::new() },
        }
    }

    /// What is left, as a mapping.
    pub(super) fn into_token(self, position: Position) -> Token {
        Token::new(position, TokenKind::Mapping(self.pairs))
    }

    pub(super) fn take(&mut self, key: &str) -> Option<Token> {
        let is_key = |token: &Token| matches!(&token.kind, TokenKind::String(text) if text == key);
        let index = self.pairs.iter().position(|(token, _)| is_key(token))?;
        Some(self.pairs.remove(index).1)
    }

    /// The text of a literal scalar.
    pub(super) fn take_text(&mut self, key: &str) -> Option<String> {
        let token = self.take(key)?;
        token.literal_text().map(|text| text.into_owned())
    }

    /// A literal boolean.
    pub(super) fn take_flag(&mut self, key: &str) -> Option<bool> {
        match self.take(key)?.kind {
            TokenKind::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The texts of a scalar or of a sequence of scalars.
    pub(super) fn take_texts(&mut self, key: &str) -> Option<Vec<String>> {
        self.take(key).map(|token| texts(&token))
    }
}

/// The names and values of a mapping whose keys the user chooses.
pub(super) fn named(token: Token) -> impl Iterator<Item = (String, Token, Token)> {
    Keys::of(token).pairs.into_iter().filter_map(|(key, value)| {
        let name = key.literal_text()?.into_owned();
        Some((name, key, value))
    })
}

/// The texts of a scalar or of a sequence of scalars.
pub(super) fn texts(token: &Token) -> Vec<String> {
    let text = |token: &Token| token.literal_text().map(|text| text.into_owned());
    match &token.kind {
        TokenKind::Sequence(items) => items.iter().filter_map(text).collect(),
        _ => text(token).into_iter().collect(),
    }
}
