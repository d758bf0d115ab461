//! The stored form of a token: `[line, column, kind, parts...]`.
//!
//! Arrays instead of nested objects keep a file of the greatest depth within the nesting that JSON
//! readers accept, and plans small. Invariant: what is read back equals what was written, also for
//! the numbers that JSON has not.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::SerializeSeq};
use serde_json::Value as Json;

use super::token::{Token, TokenKind};
use crate::diagnostic::Position;
use crate::expr::{Allowed, Expression};

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut parts = serializer.serialize_seq(None)?;
        parts.serialize_element(&self.position.line)?;
        parts.serialize_element(&self.position.column)?;
        match &self.kind {
            TokenKind::Null => parts.serialize_element("null")?,
            TokenKind::Insert => parts.serialize_element("insert")?,
            TokenKind::Bool(value) => pair(&mut parts, "bool", value)?,
            TokenKind::Number(number) if number.is_finite() => pair(&mut parts, "number", number)?,
            TokenKind::Number(number) => pair(&mut parts, "number", &number.to_string())?,
            TokenKind::String(text) => pair(&mut parts, "string", text)?,
            TokenKind::Expression(expression) => pair(&mut parts, "expression", expression)?,
            TokenKind::Sequence(items) => {
                parts.serialize_element("sequence")?;
                items.iter().try_for_each(|item| parts.serialize_element(item))?;
            }
            TokenKind::Mapping(pairs) => {
                parts.serialize_element("mapping")?;
                for (key, value) in pairs {
                    parts.serialize_element(key)?;
                    parts.serialize_element(value)?;
                }
            }
        }
        parts.end()
    }
}

fn pair<S: SerializeSeq>(
    parts: &mut S,
    kind: &str,
    value: &(impl Serialize + ?Sized),
) -> Result<(), S::Error> {
    parts.serialize_element(kind)?;
    parts.serialize_element(value)
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Json::deserialize(deserializer)?;
        read(json).map_err(D::Error::custom)
    }
}

fn read(json: Json) -> Result<Token, String> {
    let Json::Array(parts) = json else {
        return Err("a stored token is an array".to_owned());
    };
    let mut parts = parts.into_iter();
    let mut next = || parts.next().ok_or("a stored token has too few parts");
    let mut number = || next().map(|json| json.as_u64().and_then(|n| u32::try_from(n).ok()));
    let (line, column) = (number()?, number()?);
    let (Some(line), Some(column)) = (line, column) else {
        return Err("a stored token starts with line and column".to_owned());
    };
    let kind = next()?;
    let kind = match kind.as_str().unwrap_or_default() {
        "null" => TokenKind::Null,
        "insert" => TokenKind::Insert,
        "bool" => TokenKind::Bool(next()?.as_bool().ok_or("not a boolean")?),
        "number" => TokenKind::Number(read_number(&next()?)?),
        "string" => TokenKind::String(read_text(next()?)?),
        "expression" => {
            let expression = Expression::parse(&read_text(next()?)?, &Allowed::ANYTHING);
            TokenKind::Expression(expression.map_err(|error| error.message)?)
        }
        "sequence" => TokenKind::Sequence(parts.map(read).collect::<Result<_, _>>()?),
        "mapping" => TokenKind::Mapping(read_pairs(parts.map(read).collect::<Result<_, _>>()?)),
        other => return Err(format!("`{other}` is no kind of token")),
    };
    Ok(Token::new(Position::new(line, column), kind))
}

fn read_number(json: &Json) -> Result<f64, String> {
    let written = json.as_str().and_then(|text| text.parse().ok());
    json.as_f64().or(written).ok_or_else(|| "not a number".to_owned())
}

fn read_text(json: Json) -> Result<String, String> {
    match json {
        Json::String(text) => Ok(text),
        _ => Err("not a text".to_owned()),
    }
}

fn read_pairs(tokens: Vec<Token>) -> Vec<(Token, Token)> {
    let mut tokens = tokens.into_iter();
    let mut pairs = Vec::with_capacity(tokens.len() / 2);
    while let (Some(key), Some(value)) = (tokens.next(), tokens.next()) {
        pairs.push((key, value));
    }
    pairs
}
