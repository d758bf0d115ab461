//! Checks of a literal matrix (`semantics` 1.4 and 4.1). One with computed parts is checked when it
//! is expanded.

use crate::diagnostic::{Diagnostics, Position};
use crate::template::{Token, TokenKind};

pub(super) fn check(diagnostics: &mut Diagnostics, matrix: &Token) {
    if !matches!(matrix.kind, TokenKind::Mapping(_)) || has_computed_key(matrix) {
        return;
    }
    let mut error = |position: Position, message: &str| {
        diagnostics.error(Some(position), "matrix", message);
    };
    let vectors = vectors(matrix);
    for (name, values) in &vectors {
        if is_empty_sequence(values) {
            error(values.position, &format!("Matrix vector '{name}' does not contain any values"));
        }
    }
    let include = matrix.get("include");
    if vectors.is_empty() && include.is_none_or(is_empty_sequence) {
        error(matrix.position, "Matrix must define at least one vector");
    }
    for item in include.map_or(&[] as &[Token], Token::items).iter().filter(|item| is_empty(item)) {
        error(item.position, "Matrix include mapping does not contain any values");
    }
    for item in matrix.get("exclude").map_or(&[] as &[Token], Token::items) {
        if is_empty(item) {
            error(item.position, "Matrix exclude filter must not be empty");
        }
        for (key, _) in item.pairs() {
            let Some(name) = key.literal_text() else { continue };
            if !vectors.iter().any(|(vector, _)| vector.eq_ignore_ascii_case(&name)) {
                let message =
                    format!("Matrix exclude key '{name}' does not match any key within the matrix");
                error(key.position, &message);
            }
        }
    }
}

fn vectors(matrix: &Token) -> Vec<(String, &Token)> {
    let named = matrix.pairs().iter().filter_map(|(key, values)| {
        let name = key.literal_text()?.into_owned();
        Some((name, values))
    });
    named.filter(|(name, _)| name != "include" && name != "exclude").collect()
}

fn has_computed_key(matrix: &Token) -> bool {
    matrix.pairs().iter().any(|(key, _)| key.is_expression())
}

fn is_empty_sequence(token: &Token) -> bool {
    matches!(&token.kind, TokenKind::Sequence(items) if items.is_empty())
}

fn is_empty(token: &Token) -> bool {
    matches!(&token.kind, TokenKind::Mapping(pairs) if pairs.is_empty())
}
