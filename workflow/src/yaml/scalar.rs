//! The types of plain scalars: YAML 1.2's core schema as narrowly as GitHub reads it
//! (`semantics` 1.1). Quoted scalars never come here; they are strings.

use super::node::Scalar;

/// A number that looks right and cannot be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OutOfRange;

/// The value of an untagged plain scalar; `None` when it is text.
pub(super) fn resolve(text: &str) -> Result<Option<Scalar>, OutOfRange> {
    if is_plainly_text(text) {
        return Ok(None);
    }
    if is_null(text) {
        return Ok(Some(Scalar::Null));
    }
    if let Some(value) = as_bool(text) {
        return Ok(Some(Scalar::Bool(value)));
    }
    let number = as_integer(text)?.or_else(|| as_float(text));
    Ok(number.map(Scalar::Number))
}

/// Most scalars are told by their first character.
fn is_plainly_text(text: &str) -> bool {
    let may_be_typed = |first: &u8| {
        matches!(
            first,
            b'0'..=b'9' | b'-' | b'+' | b'.' | b'~' | b'n' | b'N' | b't' | b'T' | b'f' | b'F'
        )
    };
    text.as_bytes().first().is_some_and(|first| !may_be_typed(first))
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
    Ok(if are_digits(without_sign(text)) { text.parse().ok() } else { None })
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
    if is_decimal(text) { text.parse().ok() } else { None }
}

/// `[-+]? ( . digits | digits [. digits?] ) ( [eE] [-+]? digits )?`; leading zeros mean nothing.
fn is_decimal(text: &str) -> bool {
    let text = without_sign(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(without_sign(exponent))),
        None => (text, None),
    };
    let is_number = match mantissa.split_once('.') {
        Some(("", fraction)) => are_digits(fraction),
        Some((whole, "")) => are_digits(whole),
        Some((whole, fraction)) => are_digits(whole) && are_digits(fraction),
        None => are_digits(mantissa),
    };
    is_number && exponent.is_none_or(are_digits)
}

fn without_sign(text: &str) -> &str {
    text.strip_prefix(['-', '+']).unwrap_or(text)
}

/// At least one digit and nothing else.
fn are_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
