//! Cuts the text of an expression into tokens and judges each by the one before it.
//!
//! Does not know functions or contexts. Invariant: a token that may not stand where it stands comes
//! out as [`TokenKind::Unexpected`] with the text GitHub would show (`semantics` 2.1).

use super::node::Comparison;
use super::number::parse_number;
use super::token::{Token, TokenKind};
use super::value::Value;

pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    last: Option<TokenKind>,
    /// Opening brackets that wait for their closing one.
    open: Vec<TokenKind>,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, last: None, open: Vec::new() }
    }

    /// Whether a bracket is still open.
    pub(super) fn has_open_bracket(&self) -> bool {
        !self.open.is_empty()
    }

    /// The next token, with its value if it is a literal.
    pub(super) fn next_token(&mut self) -> Option<(Token, Option<Value>)> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
        let start = self.at;
        let first = self.peek()?;
        let (kind, value) = self.read(first);
        let kind = self.judge(kind);
        self.last = Some(kind);
        Some((Token { kind, start, end: self.at }, value))
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn read(&mut self, first: char) -> (TokenKind, Option<Value>) {
        match first {
            '(' if self.last == Some(TokenKind::Function) => {
                self.single(TokenKind::StartParameters)
            }
            '(' => self.single(TokenKind::StartGroup),
            ')' if self.open.last() == Some(&TokenKind::StartParameters) => {
                self.single(TokenKind::EndParameters)
            }
            ')' => self.single(TokenKind::EndGroup),
            '[' => self.single(TokenKind::StartIndex),
            ']' => self.single(TokenKind::EndIndex),
            ',' => self.single(TokenKind::Separator),
            '*' => self.single(TokenKind::Wildcard),
            '\'' => self.string(),
            '!' | '<' | '>' | '=' | '&' | '|' => (self.operator(), None),
            '.' if !self.last.is_none_or(TokenKind::wants_operand) => {
                self.single(TokenKind::Dereference)
            }
            '.' | '+' | '-' | '0'..='9' => self.number(),
            _ => self.keyword(),
        }
    }

    fn single(&mut self, kind: TokenKind) -> (TokenKind, Option<Value>) {
        self.at += 1;
        (kind, None)
    }

    fn string(&mut self) -> (TokenKind, Option<Value>) {
        let body = &self.rest()[1..];
        let mut text = String::new();
        let mut from = 0;
        while let Some(quote) = body[from..].find('\'') {
            text.push_str(&body[from..from + quote]);
            from += quote + 1;
            if !body[from..].starts_with('\'') {
                self.at += 1 + from;
                return (TokenKind::Literal, Some(Value::string(text)));
            }
            text.push('\'');
            from += 1;
        }
        self.at = self.text.len();
        (TokenKind::Unexpected, None)
    }

    fn operator(&mut self) -> TokenKind {
        const OPERATORS: [(&str, TokenKind); 9] = [
            ("!=", TokenKind::Compare(Comparison::NotEqual)),
            (">=", TokenKind::Compare(Comparison::GreaterOrEqual)),
            ("<=", TokenKind::Compare(Comparison::LessOrEqual)),
            ("==", TokenKind::Compare(Comparison::Equal)),
            ("&&", TokenKind::And),
            ("||", TokenKind::Or),
            ("!", TokenKind::Not),
            (">", TokenKind::Compare(Comparison::Greater)),
            ("<", TokenKind::Compare(Comparison::Less)),
        ];
        if let Some((text, kind)) = OPERATORS.iter().find(|(text, _)| self.rest().starts_with(text))
        {
            self.at += text.len();
            return *kind;
        }
        self.skip_word(is_boundary);
        TokenKind::Unexpected
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
        let word = self.skip_word(is_boundary);
        if !is_keyword(word) {
            return (TokenKind::Unexpected, None);
        }
        if self.last == Some(TokenKind::Dereference) {
            return (TokenKind::Property, None);
        }
        let literal = match word {
            "null" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "NaN" => Value::Number(f64::NAN),
            "Infinity" => Value::Number(f64::INFINITY),
            _ if self.rest().trim_start().starts_with('(') => return (TokenKind::Function, None),
            _ => return (TokenKind::Context, None),
        };
        (TokenKind::Literal, Some(literal))
    }

    /// Takes the first character whatever it is, and then all up to a boundary.
    fn skip_word(&mut self, boundary: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.char_indices().skip(1).find(|(_, c)| boundary(*c));
        let word = &rest[..end.map_or(rest.len(), |(at, _)| at)];
        self.at += word.len();
        word
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

fn is_keyword(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}
