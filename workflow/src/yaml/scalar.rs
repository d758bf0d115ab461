//! The types of plain scalars: YAML 1.2's core schema as narrowly as GitHub reads it
//! (`semantics` 1.1). Quoted scalars never come here; they are strings.

use std::sync::LazyLock;

use regex::Regex;

use super::node::Scalar;

/// A number that looks right and cannot be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OutOfRange;

/// Decimal integers and floats; leading zeros mean nothing.
static DECIMAL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$").ok()
});

/// The type of an untagged plain scalar.
pub(super) fn resolve(text: &str) -> Result<Scalar, OutOfRange> {
    if is_null(text) {
        return Ok(Scalar::Null);
    }
    if let Some(value) = as_bool(text) {
        return Ok(Scalar::Bool(value));
    }
    match as_integer(text)?.or_else(|| as_float(text)) {
        Some(number) => Ok(Scalar::Number(number)),
        None => Ok(Scalar::String(text.into())),
    }
}

pub(super) fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

pub(super) fn as_bool(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// Decimal, `0x` or `0o`. Only the last two have a range; decimals become infinite.
pub(super) fn as_integer(text: &str) -> Result<Option<f64>, OutOfRange> {
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    Ok(if is_decimal { text.parse().ok() } else { None })
}

fn radix(digits: &str, radix: u32) -> Result<Option<f64>, OutOfRange> {
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Ok(None);
    }
    match i32::from_str_radix(digits, radix) {
        Ok(number) => Ok(Some(f64::from(number))),
        Err(_) => Err(OutOfRange),
    }
}

/// Fractions, exponents, infinities and NaN; also whole decimals.
pub(super) fn as_float(text: &str) -> Option<f64> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Some(sign * f64::INFINITY);
    }
    if matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Some(f64::NAN);
    }
    let is_decimal = DECIMAL.as_ref().is_some_and(|pattern| pattern.is_match(text));
    if is_decimal { text.parse().ok() } else { None }
}
