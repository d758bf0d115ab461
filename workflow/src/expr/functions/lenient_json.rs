//! JSON with the liberties that GitHub's reader takes.
//!
//! Accepts comments, single quotes, names without quotes, a comma after the last item, line ends
//! within strings, hexadecimal numbers, NaN and the infinities, and does not look at what follows
//! the first value. Invariant: values are nested at most [`MAX_DEPTH`] deep.

use std::sync::Arc;

use super::super::number::parse_number;
use super::super::value::{Entries, Object, Value};

/// Levels a value may have, as in the strict reader.
const MAX_DEPTH: usize = 128;

/// The first value of the text, if it begins with one.
pub(super) fn parse(text: &str) -> Option<Value> {
    Reader { rest: text }.value(0)
}

struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth >= MAX_DEPTH {
            return None;
        }
        match self.peek()? {
            '{' => self.object(depth),
            '[' => self.array(depth),
            quote @ ('"' | '\'') => self.string(quote).map(Value::string),
            _ => self.word_value(),
        }
    }

    /// The next character that is neither white space nor in a comment.
    fn peek(&mut self) -> Option<char> {
        loop {
            self.rest = self.rest.trim_start();
            if let Some(comment) = self.rest.strip_prefix("/*") {
                self.rest = comment.split_once("*/")?.1;
            } else if let Some(comment) = self.rest.strip_prefix("//") {
                self.rest = comment.split_once('\n').map_or("", |(_, rest)| rest);
            } else {
                return self.rest.chars().next();
            }
        }
    }

    fn skip(&mut self, expected: char) -> Option<()> {
        self.peek()?;
        self.rest = self.rest.strip_prefix(expected)?;
        Some(())
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        self.skip('[')?;
        let mut items = Vec::new();
        while self.peek()? != ']' {
            items.push(self.value(depth + 1)?);
            self.end_item(']')?;
        }
        self.skip(']')?;
        Some(Value::array(items))
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        self.skip('{')?;
        let mut entries = Entries::default();
        while self.peek()? != '}' {
            let name = match self.peek()? {
                quote @ ('"' | '\'') => self.string(quote)?,
                _ => self.word(|c| c.is_alphanumeric() || c == '_' || c == '$')?.to_owned(),
            };
            self.skip(':')?;
            entries.insert(name, self.value(depth + 1)?);
            self.end_item('}')?;
        }
        self.skip('}')?;
        Some(Value::Object(Arc::new(Object { entries, case_sensitive: false })))
    }

    /// After an item comes a comma or the closing bracket, which stays.
    fn end_item(&mut self, close: char) -> Option<()> {
        if self.peek()? == close { Some(()) } else { self.skip(',') }
    }

    fn string(&mut self, quote: char) -> Option<String> {
        self.skip(quote)?;
        let mut text = String::new();
        loop {
            let special = self.rest.find([quote, '\\'])?;
            text.push_str(&self.rest[..special]);
            self.rest = &self.rest[special..];
            if let Some(rest) = self.rest.strip_prefix(quote) {
                self.rest = rest;
                return Some(text);
            }
            text.push(self.escape()?);
        }
    }

    fn escape(&mut self) -> Option<char> {
        let mut characters = self.rest.strip_prefix('\\')?.chars();
        let escaped = characters.next()?;
        self.rest = characters.as_str();
        Some(match escaped {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.unicode_escape(),
            '"' | '\'' | '\\' | '/' => escaped,
            _ => return None,
        })
    }

    /// Four digits, or twice that for a surrogate pair; half a pair is the replacement character.
    fn unicode_escape(&mut self) -> Option<char> {
        let first = self.four_digits()?;
        if !(0xd800..0xdc00).contains(&first) {
            return Some(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let before = self.rest;
        if let Some(rest) = before.strip_prefix("\\u") {
            self.rest = rest;
            let second = self.four_digits()?;
            if (0xdc00..0xe000).contains(&second) {
                return char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
            }
            self.rest = before;
        }
        Some(char::REPLACEMENT_CHARACTER)
    }

    fn four_digits(&mut self) -> Option<u32> {
        let digits = self.rest.get(..4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
        self.rest = &self.rest[4..];
        u32::from_str_radix(digits, 16).ok()
    }

    fn word(&mut self, belongs: impl Fn(char) -> bool) -> Option<&'t str> {
        let end = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    fn word_value(&mut self) -> Option<Value> {
        let word = self.word(|c| c.is_alphanumeric() || matches!(c, '+' | '-' | '.'))?;
        Some(match word {
            "null" | "undefined" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "NaN" => Value::Number(f64::NAN),
            "Infinity" => Value::Number(f64::INFINITY),
            "-Infinity" => Value::Number(f64::NEG_INFINITY),
            _ if word.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.') => {
                Value::Number(Some(parse_number(word)).filter(|number| !number.is_nan())?)
            }
            _ => return None,
        })
    }
}
