//! Numbers from text and to text, as GitHub's .NET engine reads and writes them.
//!
//! Does not coerce other kinds. Invariant: what [`format_number`] writes has at most 15 significant
//! digits (`G15`, `semantics` 1.1 and 2.3).

use std::fmt::Write;

/// Numbers of smaller size than this and without a fraction are written as integers.
const PLAIN_INTEGER_LIMIT: f64 = 1e15;

/// Significant digits that are written.
const MAX_DIGITS: usize = 15;

/// Reads a number; empty text is 0, text that is no number is NaN.
pub(super) fn parse_number(text: &str) -> f64 {
    let text = text.trim();
    if text.is_empty() {
        return 0.0;
    }
    if text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')) {
        return text.parse().unwrap_or(f64::NAN);
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return parse_radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return parse_radix(digits, 8);
    }
    parse_infinity(text)
}

/// Digits are a 32-bit pattern with a sign, so `0xffffffff` is -1 and one more digit is NaN.
fn parse_radix(digits: &str, radix: u32) -> f64 {
    if digits.starts_with(['+', '-']) {
        return f64::NAN;
    }
    u32::from_str_radix(digits, radix).map_or(f64::NAN, |bits| f64::from(bits.cast_signed()))
}

fn parse_infinity(text: &str) -> f64 {
    let (sign, word) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if word.eq_ignore_ascii_case("infinity") { sign * f64::INFINITY } else { f64::NAN }
}

/// Writes a number with up to 15 significant digits; negative zero is `0`.
pub(super) fn format_number(number: f64) -> String {
    let mut text = String::new();
    push_number(&mut text, number);
    text
}

/// As [`format_number`], behind `text`.
pub(super) fn push_number(text: &mut String, number: f64) {
    if number.is_nan() {
        text.push_str("NaN");
    } else if number.is_infinite() {
        text.push_str(if number > 0.0 { "Infinity" } else { "-Infinity" });
    } else if number.fract() == 0.0 && number.abs() < PLAIN_INTEGER_LIMIT {
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 10^15")]
        let whole = number as i64;
        // Writing into a String cannot fail.
        let _ = write!(text, "{whole}");
    } else {
        push_general(text, number);
    }
}

fn push_general(text: &mut String, number: f64) {
    // What has few digits is written with them, without an exponent if it is not too small.
    if (1e-4..PLAIN_INTEGER_LIMIT).contains(&number.abs()) {
        let start = text.len();
        let _ = write!(text, "{number}");
        let digits = text[start..].bytes().filter(u8::is_ascii_digit);
        if digits.skip_while(|byte| *byte == b'0').count() <= MAX_DIGITS {
            return;
        }
        text.truncate(start);
    }
    let scientific = format!("{number:.14e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_end_matches('0');
    text.push_str(if number < 0.0 { "-" } else { "" });
    if (-4..15).contains(&exponent) {
        push_fixed(text, digits, exponent);
    } else {
        push_scientific(text, digits, exponent);
    }
}

fn push_fixed(text: &mut String, digits: &str, exponent: i32) {
    let Ok(whole_digits) = usize::try_from(exponent + 1) else {
        push_below_one(text, digits, exponent);
        return;
    };
    if whole_digits == 0 {
        push_below_one(text, digits, exponent);
        return;
    }
    let (whole, fraction) = digits.split_at(whole_digits.min(digits.len()));
    text.push_str(whole);
    text.extend(std::iter::repeat_n('0', whole_digits.saturating_sub(digits.len())));
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(fraction);
    }
}

fn push_below_one(text: &mut String, digits: &str, exponent: i32) {
    text.push_str("0.");
    for _ in exponent + 1..0 {
        text.push('0');
    }
    text.push_str(digits);
}

fn push_scientific(text: &mut String, digits: &str, exponent: i32) {
    let (first, rest) = digits.split_at(1.min(digits.len()));
    text.push_str(first);
    if !rest.is_empty() {
        text.push('.');
        text.push_str(rest);
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    // Writing into a String cannot fail.
    let _ = write!(text, "E{sign}{:02}", exponent.abs());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{format_number, push_fixed, push_scientific};

    /// Always by way of fifteen digits.
    fn slowly(number: f64) -> String {
        let scientific = format!("{number:.14e}");
        let (mantissa, exponent) = scientific.split_once('e').unwrap();
        let exponent = exponent.parse().unwrap();
        let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
        let mut text = if number < 0.0 { "-" } else { "" }.to_owned();
        let push = if (-4..15).contains(&exponent) { push_fixed } else { push_scientific };
        push(&mut text, digits.trim_end_matches('0'), exponent);
        text
    }

    proptest! {
        #[test]
        fn few_digits_are_written_as_fifteen_would_be(whole in -99_999_i32..99_999, places in 1..12) {
            let number = f64::from(whole) / 10_f64.powi(places);
            prop_assume!(number != 0.0);
            prop_assert_eq!(format_number(number), slowly(number));
        }

        #[test]
        fn any_number_is_written_with_fifteen_digits(number in any::<f64>()) {
            prop_assume!(number.is_finite() && number != 0.0);
            prop_assert_eq!(format_number(number), slowly(number));
        }
    }
}
