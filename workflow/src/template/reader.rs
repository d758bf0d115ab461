//! Nodes to tokens, checked against the table of keys.
//!
//! Mappings are read in [`super::mapping`]. Does not stop at the first error: what is wrong is
//! reported and replaced by something harmless. Invariant: a file without errors has, at every
//! place, what the table allows there.

use std::sync::Arc;

use super::interpolation::{self, Interpolation};
use super::token::{Token, TokenKind};
use crate::diagnostic::{Diagnostics, Position};
use crate::expr::Allowed;
use crate::schema::{Definition, Kind, Mapping, Text, Words};
use crate::yaml::{Node, NodeKind, Scalar};

/// Reads `node` as `definition` says; what is wrong goes to `diagnostics`.
pub fn read(node: Node, definition: &'static Definition, diagnostics: &mut Diagnostics) -> Token {
    Reader { diagnostics, is_evaluated: false }.read_root(node, definition)
}

pub(super) struct Reader<'a> {
    pub(super) diagnostics: &'a mut Diagnostics,
    /// What is read came out of an expression, so `${{` in it is only text.
    pub(super) is_evaluated: bool,
}

/// A definition and what expressions may name there.
#[derive(Clone, Copy)]
pub(super) struct Place {
    definition: &'static Definition,
    pub(super) allowed: Option<&'static Allowed>,
}

impl Place {
    fn root(definition: &'static Definition) -> Self {
        Self { definition, allowed: definition.allowed }
    }

    /// A place within this one.
    pub(super) fn inner(self, definition: &'static Definition) -> Self {
        Self { definition, allowed: definition.allowed.or(self.allowed) }
    }

    /// The definitions one of which applies.
    fn choices(&self) -> &[&'static Definition] {
        match self.definition.kind {
            Kind::OneOf(choices) => choices,
            _ => std::slice::from_ref(&self.definition),
        }
    }

    fn sequence_item(self) -> Option<&'static Definition> {
        self.choices().iter().find_map(|choice| match choice.kind {
            Kind::Sequence(item) => Some(item),
            _ => None,
        })
    }

    fn mappings(self) -> Vec<&'static Mapping> {
        let as_mapping = |choice: &&'static Definition| match &choice.kind {
            Kind::Mapping(mapping) => Some(mapping),
            _ => None,
        };
        self.choices().iter().filter_map(as_mapping).collect()
    }
}

impl Reader<'_> {
    pub(super) fn read_root(&mut self, node: Node, definition: &'static Definition) -> Token {
        self.read(node, Place::root(definition))
    }

    pub(super) fn read(&mut self, node: Node, place: Place) -> Token {
        match node.kind {
            NodeKind::Scalar(scalar) => {
                let token = self.scalar(node.position, scalar, place.allowed);
                self.check_scalar(token, place)
            }
            NodeKind::Sequence(items) => self.sequence(node.position, items, place),
            NodeKind::Mapping(pairs) => match place.mappings() {
                mappings if mappings.is_empty() => {
                    self.unexpected_shape(node.position, "A mapping was not expected")
                }
                mappings => self.mapping(node.position, pairs, (place, mappings)),
            },
        }
    }

    fn sequence(&mut self, position: Position, items: Arc<Vec<Node>>, place: Place) -> Token {
        let Some(item) = place.sequence_item() else {
            return self.unexpected_shape(position, "A sequence was not expected");
        };
        let item = place.inner(item);
        let items = Arc::unwrap_or_clone(items);
        let items = items.into_iter().map(|node| self.read(node, item)).collect();
        Token::new(position, TokenKind::Sequence(items))
    }

    fn unexpected_shape(&mut self, position: Position, message: &str) -> Token {
        self.error(position, "unexpected-shape", message);
        Token::new(position, TokenKind::Null)
    }

    /// A scalar with its expressions parsed. Where they cannot be, the text stays as it is.
    pub(super) fn scalar(
        &mut self,
        position: Position,
        scalar: Scalar,
        allowed: Option<&Allowed>,
    ) -> Token {
        let text = match scalar {
            Scalar::String(text) if !self.is_evaluated && text.contains('$') => text,
            literal => return Token::new(position, TokenKind::from(literal)),
        };
        let kind = match interpolation::parse(&text, allowed.unwrap_or(&Allowed::NOTHING)) {
            Ok(Interpolation::Literal(text)) => TokenKind::String(text),
            Ok(Interpolation::Expression(expression)) => TokenKind::Expression(expression),
            Ok(Interpolation::Insert) => TokenKind::Insert,
            Err(refusal) => {
                self.error(position, refusal.code, &refusal.message);
                TokenKind::String(text)
            }
        };
        Token::new(position, kind)
    }

    /// Checks a scalar against its place; a literal becomes a string where only a string fits.
    pub(super) fn check_scalar(&mut self, token: Token, place: Place) -> Token {
        if token.is_expression() {
            return self.check_expression(token, place);
        }
        let choices = place.choices();
        if choices.iter().any(|choice| fits(&token.kind, &choice.kind)) {
            return token;
        }
        let text = token.literal_text().unwrap_or_default();
        let is_text = choices.iter().any(|choice| match &choice.kind {
            Kind::Text(rule) => self.check_text(&text, rule, token.position),
            _ => false,
        });
        match (is_text, &token.kind) {
            (true, TokenKind::String(_)) => token,
            (true, _) => Token::new(token.position, TokenKind::String(text.into_owned())),
            (false, _) => {
                self.unexpected_value(token.position, &text);
                token
            }
        }
    }

    fn check_expression(&mut self, token: Token, place: Place) -> Token {
        if place.allowed.is_none() {
            let message = "A template expression is not allowed in this context";
            self.error(token.position, "expression-not-allowed", message);
        } else if matches!(token.kind, TokenKind::Insert) {
            self.unexpected_value(token.position, &token.display());
        }
        token
    }

    /// Whether `text` may stand under `rule`; unknown words may, with a warning.
    fn check_text(&mut self, text: &str, rule: &Text, position: Position) -> bool {
        if rule.non_empty && text.is_empty() {
            return false;
        }
        if rule.words.contain(text) {
            return true;
        }
        match rule.words {
            Words::Any | Words::Only(_) => false,
            Words::Known(_) | Words::KeysOf(_) => {
                self.warn_ignored(position, text);
                true
            }
        }
    }

    pub(super) fn unexpected_value(&mut self, position: Position, text: &str) {
        self.error(position, "unexpected-value", &format!("Unexpected value '{text}'"));
    }

    pub(super) fn warn_ignored(&mut self, position: Position, text: &str) {
        let message = format!("Unexpected value '{text}'. It is not known here and has no effect.");
        self.diagnostics.warn(position, "unexpected-value", message);
    }

    pub(super) fn error(&mut self, position: Position, code: &str, message: &str) {
        self.diagnostics.error(Some(position), code, message);
    }
}

/// Whether a literal has the type of a definition without being converted. Texts are checked apart.
fn fits(literal: &TokenKind, definition: &Kind) -> bool {
    matches!(
        (literal, definition),
        (TokenKind::Null, Kind::Null)
            | (TokenKind::Bool(_), Kind::Boolean)
            | (TokenKind::Number(_), Kind::Number)
    )
}
