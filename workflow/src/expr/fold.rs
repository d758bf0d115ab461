//! Text compared without regard to case, by upper-casing each character on its own.
//!
//! Knows no language rules: this is .NET's `OrdinalIgnoreCase` (`semantics` 2.4). Invariant: a
//! character outside ASCII never equals one within, so `ı` and `ſ` are not `I` and `S`.

use std::cmp::Ordering;

/// Longer texts are searched in folded copies, which takes linear time.
const NAIVE_SEARCH_LIMIT: usize = 256;

/// The upper-case form of one character; characters with a longer upper-case form stay.
fn upper(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_uppercase();
    }
    // Greek letters with iota below: their full upper-case form is two letters, but they have a
    // single-character one, too.
    if let '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' = c {
        return char::from_u32(u32::from(c) + 8).unwrap_or(c);
    }
    if let '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' = c {
        return char::from_u32(u32::from(c) + 9).unwrap_or(c);
    }
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(single), None) if !single.is_ascii() => single,
        _ => c,
    }
}

/// Whether two texts are equal, ignoring case.
pub(crate) fn equal(left: &str, right: &str) -> bool {
    if left == right {
        return true;
    }
    let mut pairs = left.bytes().zip(right.bytes());
    let Some((l, r)) = pairs.find(|(l, r)| !l.eq_ignore_ascii_case(r)) else {
        // One is the beginning of the other.
        return left.len() == right.len();
    };
    if l.is_ascii() && r.is_ascii() {
        return false;
    }
    left.chars().map(upper).eq(right.chars().map(upper))
}

/// The order of two texts, ignoring case, by UTF-16 code units.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    let rank = |c| utf16_rank(upper(c));
    left.chars().map(rank).cmp(right.chars().map(rank))
}

/// Characters beyond the first plane are surrogates in UTF-16, below U+E000.
fn utf16_rank(c: char) -> u32 {
    let code = u32::from(c);
    match code {
        0xe000..=0xffff => code + 0x0020_0000,
        _ => code,
    }
}

pub(super) fn contains(text: &str, part: &str) -> bool {
    if part.is_empty() {
        return true;
    }
    if text.len() <= NAIVE_SEARCH_LIMIT && text.is_ascii() && part.is_ascii() {
        let part = part.as_bytes();
        return text.as_bytes().windows(part.len()).any(|window| window.eq_ignore_ascii_case(part));
    }
    fold(text).contains(&fold(part))
}

pub(super) fn starts_with(text: &str, start: &str) -> bool {
    if start.is_ascii() {
        let same_length = text.as_bytes().get(..start.len());
        return same_length.is_some_and(|bytes| bytes.eq_ignore_ascii_case(start.as_bytes()));
    }
    let mut characters = text.chars().map(upper);
    start.chars().map(upper).all(|c| characters.next() == Some(c))
}

pub(super) fn ends_with(text: &str, end: &str) -> bool {
    if end.is_ascii() {
        let from = text.len().checked_sub(end.len());
        let same_length = from.and_then(|from| text.as_bytes().get(from..));
        return same_length.is_some_and(|bytes| bytes.eq_ignore_ascii_case(end.as_bytes()));
    }
    let mut characters = text.chars().rev().map(upper);
    end.chars().rev().map(upper).all(|c| characters.next() == Some(c))
}

fn fold(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_uppercase() } else { text.chars().map(upper).collect() }
}
