//! `toJSON(value)`: two spaces of indent, one item per line, order as inserted (`semantics` 2.7).
//!
//! Unlike most writers it leaves `<`, `>`, `&`, `'` and everything beyond ASCII as it is.

use std::fmt::Write;

use super::super::evaluate::{Evaluated, Evaluator};
use super::super::expression::EvalError;
use super::super::node::Node;
use super::super::number::push_number;
use super::super::value::Value;

/// Room for what is usually written: a matrix, an event's labels.
const LIKELY_BYTES: usize = 128;

pub(super) fn call<'a>(
    evaluator: &Evaluator<'a>,
    arguments: &'a [Node],
) -> Result<Evaluated<'a>, EvalError> {
    let [value] = arguments else { return Ok(Evaluated::NULL) };
    let mut text = String::with_capacity(LIKELY_BYTES);
    write_value(&mut text, &*evaluator.value(value)?, 0);
    evaluator.count(text.len())?;
    Ok(Evaluated::owned(Value::string(text)))
}

fn write_value(text: &mut String, value: &Value, level: usize) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(_) => text.push_str(&value.to_text()),
        Value::Number(number) => push_number(text, *number),
        Value::String(string) => write_string(text, string),
        Value::Array(items) if items.is_empty() => text.push_str("[]"),
        Value::Array(items) => {
            text.push('[');
            for (position, item) in items.iter().enumerate() {
                start_line(text, position, level + 1);
                write_value(text, item, level + 1);
            }
            end(text, ']', level);
        }
        Value::Object(object) if object.entries.is_empty() => text.push_str("{}"),
        Value::Object(object) => {
            text.push('{');
            for (position, (key, item)) in object.entries.iter().enumerate() {
                start_line(text, position, level + 1);
                write_string(text, key);
                text.push_str(": ");
                write_value(text, item, level + 1);
            }
            end(text, '}', level);
        }
    }
}

fn start_line(text: &mut String, position: usize, level: usize) {
    text.push_str(if position == 0 { "\n" } else { ",\n" });
    text.extend(std::iter::repeat_n("  ", level));
}

fn end(text: &mut String, bracket: char, level: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", level));
    text.push(bracket);
}

/// `string` escaped as within a JSON string, without the quotes.
pub(crate) fn escape_json(string: &str) -> String {
    let mut text = String::with_capacity(string.len());
    push_escaped(&mut text, string);
    text
}

fn write_string(text: &mut String, string: &str) {
    text.push('"');
    push_escaped(text, string);
    text.push('"');
}

/// Also escapes the line ends that JavaScript knows besides `\n` and `\r`, as GitHub's writer does.
fn push_escaped(text: &mut String, string: &str) {
    // Beyond ASCII the line ends start with these bytes; most texts have none.
    let is_plain = |byte: u8| !matches!(byte, 0..=0x1f | b'"' | b'\\' | 0xc2 | 0xe2);
    if string.bytes().all(is_plain) {
        return text.push_str(string);
    }
    let mut plain_from = 0;
    for (at, c) in string.char_indices() {
        let escaped = match c {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\0'..='\u{1f}' | '\u{85}' | '\u{2028}' | '\u{2029}' => "",
            _ => continue,
        };
        text.push_str(&string[plain_from..at]);
        plain_from = at + c.len_utf8();
        text.push_str(escaped);
        if escaped.is_empty() {
            // Writing into a String cannot fail.
            let _ = write!(text, "\\u{:04x}", u32::from(c));
        }
    }
    text.push_str(&string[plain_from..]);
}
