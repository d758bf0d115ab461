//! Cuts the text of an expression into tokens and judges each by the one before it.
//!
//! Does not know functions or contexts. Invariant: a token that may not stand where it stands comes
//! out as [`TokenKind::Unexpected`] with the text GitHub would show (`semantics` 2.1).

use std::sync::Arc;

use smallvec::SmallVec;

use super::node::Comparison;
use super::number::parse_number;
use super::token::{Token, TokenKind};
use super::value::Value;

pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    last: Option<TokenKind>,
    /// Opening brackets that wait for their closing one.
    open: SmallVec<[TokenKind; 16]>,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, last: None, open: SmallVec::new() }
    }

    /// Whether a bracket is still open.
    pub(super) fn has_open_bracket(&self) -> bool {
        !self.open.is_empty()
    }

    /// The next token, with its value if it is a literal.
    pub(super) fn next_token(&mut self) -> Option<(Token, Option<Value>)> {
        self.skip_white_space();
        let start = self.at;
        let first = self.byte(0)?;
        let (kind, value) = self.read(first);
        let kind = self.judge(kind);
        self.last = Some(kind);
        Some((Token { kind, start, end: self.at }, value))
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    fn skip_white_space(&mut self) {
        // Most often there is none, or one space.
        self.at += usize::from(self.byte(0) == Some(b' '));
        if self.byte(0).is_some_and(|byte| !byte.is_ascii_graphic()) {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start().len();
        }
    }

    fn read(&mut self, first: u8) -> (TokenKind, Option<Value>) {
        match first {
            b'(' if self.last == Some(TokenKind::Function) => {
                self.single(TokenKind::StartParameters)
            }
            b'(' => self.single(TokenKind::StartGroup),
            b')' if self.open.last() == Some(&TokenKind::StartParameters) => {
                self.single(TokenKind::EndParameters)
            }
            b')' => self.single(TokenKind::EndGroup),
            b'[' => self.single(TokenKind::StartIndex),
            b']' => self.single(TokenKind::EndIndex),
            b',' => self.single(TokenKind::Separator),
            b'*' => self.single(TokenKind::Wildcard),
            b'\'' => self.string(),
            b'!' | b'<' | b'>' | b'=' | b'&' | b'|' => (self.operator(first), None),
            b'.' if !self.last.is_none_or(TokenKind::wants_operand) => {
                self.single(TokenKind::Dereference)
            }
            b'.' | b'+' | b'-' | b'0'..=b'9' => self.number(),
            _ => self.keyword(),
        }
    }

    fn single(&mut self, kind: TokenKind) -> (TokenKind, Option<Value>) {
        self.at += 1;
        (kind, None)
    }

    fn string(&mut self) -> (TokenKind, Option<Value>) {
        let body = &self.rest()[1..];
        let (mut from, mut has_quotes) = (0, false);
        while let Some(quote) = body[from..].find('\'') {
            let (text, rest) = body.split_at(from + quote);
            if !rest.starts_with("''") {
                self.at += 1 + text.len() + 1;
                let value =
                    if has_quotes { text.replace("''", "'").into() } else { Arc::from(text) };
                return (TokenKind::Literal, Some(Value::String(value)));
            }
            has_quotes = true;
            from = text.len() + 2;
        }
        self.at = self.text.len();
        (TokenKind::Unexpected, None)
    }

    fn operator(&mut self, first: u8) -> TokenKind {
        let (kind, length) = match (first, self.byte(1)) {
            (b'!', Some(b'=')) => (TokenKind::Compare(Comparison::NotEqual), 2),
            (b'>', Some(b'=')) => (TokenKind::Compare(Comparison::GreaterOrEqual), 2),
            (b'<', Some(b'=')) => (TokenKind::Compare(Comparison::LessOrEqual), 2),
            (b'=', Some(b'=')) => (TokenKind::Compare(Comparison::Equal), 2),
            (b'&', Some(b'&')) => (TokenKind::And, 2),
            (b'|', Some(b'|')) => (TokenKind::Or, 2),
            (b'!', _) => (TokenKind::Not, 1),
            (b'>', _) => (TokenKind::Compare(Comparison::Greater), 1),
            (b'<', _) => (TokenKind::Compare(Comparison::Less), 1),
            _ => {
                self.skip_word(is_boundary);
                return TokenKind::Unexpected;
            }
        };
        self.at += length;
        kind
    }

    fn number(&mut self) -> (TokenKind, Option<Value>) {
        let word = self.skip_word(|c| c != '.' && is_boundary(c));
        let number = parse_number(word);
        if number.is_nan() {
            return (TokenKind::Unexpected, None);
        }
        (TokenKind::Literal, Some(Value::Number(number)))
    }

    fn keyword(&mut self) -> (TokenKind, Option<Value>) {
        let Some(word) = self.name() else { return (TokenKind::Unexpected, None) };
        if self.last == Some(TokenKind::Dereference) {
            return (TokenKind::Property, None);
        }
        let literal = match word {
            "null" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "NaN" => Value::Number(f64::NAN),
            "Infinity" => Value::Number(f64::INFINITY),
            _ if self.is_call() => return (TokenKind::Function, None),
            _ => return (TokenKind::Context, None),
        };
        (TokenKind::Literal, Some(literal))
    }

    /// A word that is a name; any other word is taken, too.
    fn name(&mut self) -> Option<&'a str> {
        let bytes = &self.text.as_bytes()[self.at..];
        let length = bytes.iter().position(|byte| !is_of_name(*byte)).unwrap_or(bytes.len());
        let is_whole = bytes.get(length).is_none_or(|byte| {
            byte.is_ascii_punctuation() && is_boundary(char::from(*byte)) || *byte == b' '
        });
        if is_whole && bytes.first().is_some_and(|byte| starts_name(*byte)) {
            let word = &self.text[self.at..self.at + length];
            self.at += length;
            return Some(word);
        }
        let word = self.skip_word(is_boundary);
        let is_name = word.bytes().next().is_some_and(starts_name) && word.bytes().all(is_of_name);
        is_name.then_some(word)
    }

    /// Whether a `(` comes next.
    fn is_call(&self) -> bool {
        match self.byte(0) {
            Some(b'(') => true,
            Some(byte) if byte.is_ascii_graphic() => false,
            _ => self.rest().trim_start().starts_with('('),
        }
    }

    /// Takes the first character whatever it is, and then all up to a boundary.
    fn skip_word(&mut self, boundary: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let mut end = rest.chars().next().map_or(0, char::len_utf8);
        loop {
            end += rest.as_bytes()[end..].iter().take_while(|byte| is_of_name(**byte)).count();
            match rest[end..].chars().next() {
                Some(c) if !boundary(c) => end += c.len_utf8(),
                _ => break,
            }
        }
        self.at += end;
        &rest[..end]
    }

    /// Turns a token that may not stand here into an unexpected one, and keeps the brackets.
    fn judge(&mut self, kind: TokenKind) -> TokenKind {
        if !kind.may_follow(self.last) {
            return TokenKind::Unexpected;
        }
        let opener = match kind {
            TokenKind::StartGroup | TokenKind::StartIndex | TokenKind::StartParameters => {
                self.open.push(kind);
                return kind;
            }
            TokenKind::EndGroup => TokenKind::StartGroup,
            TokenKind::EndIndex => TokenKind::StartIndex,
            TokenKind::EndParameters | TokenKind::Separator => TokenKind::StartParameters,
            _ => return kind,
        };
        if self.open.last() != Some(&opener) {
            return TokenKind::Unexpected;
        }
        if kind != TokenKind::Separator {
            self.open.pop();
        }
        kind
    }
}

fn is_boundary(c: char) -> bool {
    matches!(c, '(' | ')' | '[' | ']' | ',' | '.' | '!' | '<' | '>' | '=' | '&' | '|')
        || c.is_whitespace()
}

fn starts_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

/// Whether the character may be in a name; none of these is a boundary.
fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}
