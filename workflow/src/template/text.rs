//! Texts with `${{ }}` that stand in no file.
//!
//! Judges no place: any context and every function may be named.

use super::interpolation::{self, Interpolation};
use super::token::{Token, TokenKind};
use crate::diagnostic::Position;
use crate::expr::Allowed;

/// Reads `text` as a scalar of a file is read.
///
/// # Errors
/// GitHub's text for what is wrong with an expression in it.
pub fn parse_text(text: &str) -> Result<Token, String> {
    let kind = match interpolation::parse(text, &Allowed::ANYTHING) {
        Ok(Interpolation::Literal(text)) => TokenKind::String(text),
        Ok(Interpolation::Expression(expression)) => TokenKind::Expression(expression),
        Ok(Interpolation::Insert) => TokenKind::Insert,
        Err(refusal) => return Err(refusal.message),
    };
    Ok(Token::new(Position::START, kind))
}
