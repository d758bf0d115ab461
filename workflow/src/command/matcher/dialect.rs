//! From ECMAScript's regular expressions to those of our engine.
//!
//! Where both mean the same, the text stays as it is. Invariant: classes such as `\d` mean ASCII, and
//! a character that ECMAScript takes literally is escaped.

use std::iter::Peekable;
use std::str::Chars;

const DIGIT: &str = "0-9";
const WORD: &str = "A-Za-z0-9_";
const SPACE: &str = " \\f\\n\\r\\t\\x0B";

/// Characters that mean something outside a class, and those that do within one.
const META: &str = r"\^$.|?*+()[]{}#";
const CLASS_META: &str = r"\^-[]&~";

/// The same expression for our engine.
pub(super) fn translate(pattern: &str) -> String {
    let mut rest = pattern.chars().peekable();
    let mut out = String::with_capacity(pattern.len() + 16);
    while let Some(c) = rest.next() {
        match c {
            '\\' => escape(&mut rest, &mut out),
            '[' => class(&mut rest, &mut out),
            '{' if !is_quantifier(rest.clone()) => out.push_str("\\{"),
            '{' => copy_quantifier(&mut rest, &mut out),
            ']' | '}' => push_literal(c, META, &mut out),
            _ => out.push(c),
        }
    }
    out
}

/// Whether `{` is followed by `3}`, `3,}` or `3,5}`.
fn is_quantifier(rest: Peekable<Chars<'_>>) -> bool {
    let inner: String = rest.take_while(|&c| c != '}').collect();
    let (from, to) = inner.split_once(',').unwrap_or((&inner, ""));
    let is_number = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    !from.is_empty() && is_number(from) && is_number(to)
}

fn copy_quantifier(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    out.push('{');
    for c in rest.by_ref() {
        out.push(c);
        if c == '}' {
            break;
        }
    }
}

/// What follows a backslash outside a class.
fn escape(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    let Some(c) = rest.next() else { return out.push_str("\\\\") };
    match c {
        'd' | 'w' | 's' | 'D' | 'W' | 'S' => push_set(c, out),
        // Boundaries, back references and named ones.
        'b' | 'B' | 'k' | '1'..='9' => out.extend(['\\', c]),
        _ => character(c, rest, META, out),
    }
}

fn set_of(c: char) -> &'static str {
    match c.to_ascii_lowercase() {
        'd' => DIGIT,
        'w' => WORD,
        _ => SPACE,
    }
}

fn push_set(c: char, out: &mut String) {
    out.push('[');
    if c.is_ascii_uppercase() {
        out.push('^');
    }
    out.push_str(set_of(c));
    out.push(']');
}

/// One character that is written as an escape.
fn character(c: char, rest: &mut Peekable<Chars<'_>>, meta: &str, out: &mut String) {
    match c {
        'f' | 'n' | 'r' | 't' | 'v' => out.extend(['\\', c]),
        '0' => out.push_str("\\x00"),
        'x' => push_code(c, rest, 2, out),
        'u' => push_code(c, rest, 4, out),
        'c' => match rest.next_if(char::is_ascii_alphabetic) {
            Some(letter) => out.push_str(&format!("\\x{{{:x}}}", u32::from(letter) % 32)),
            None => out.push_str("\\\\c"),
        },
        other => push_literal(other, meta, out),
    }
}

/// `\x41` and `\u0041`; without its digits the letter stands for itself.
fn push_code(letter: char, rest: &mut Peekable<Chars<'_>>, n_digits: usize, out: &mut String) {
    let digits: String = rest.clone().take(n_digits).take_while(char::is_ascii_hexdigit).collect();
    if digits.len() < n_digits {
        return out.push(letter);
    }
    rest.by_ref().take(n_digits).for_each(drop);
    out.push_str(&format!("\\x{{{digits}}}"));
}

fn push_literal(c: char, meta: &str, out: &mut String) {
    if meta.contains(c) {
        out.push('\\');
    }
    out.push(c);
}

/// A class, after its `[`.
fn class(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    let negated = rest.next_if_eq(&'^').is_some();
    if rest.next_if_eq(&']').is_some() {
        // `[]` matches nothing and `[^]` everything.
        return out.push_str(if negated { "(?s:.)" } else { "[^\\x00-\\x{10FFFF}]" });
    }
    out.push_str(if negated { "[^" } else { "[" });
    let mut after_set = true;
    while let Some(c) = rest.next() {
        match (c, rest.peek().copied()) {
            (']', _) => return out.push(']'),
            ('\\', Some(next)) => {
                rest.next();
                after_set = "dwsDWS".contains(next);
                class_escape(next, rest, out);
            }
            // A hyphen at either end, or beside a set, is a hyphen.
            ('-', next) if after_set || next == Some(']') || begins_set(rest.clone()) => {
                out.push_str("\\-");
                after_set = false;
            }
            ('-', _) => out.push('-'),
            (c, _) => {
                push_literal(c, CLASS_META, out);
                after_set = false;
            }
        }
    }
}

fn begins_set(mut rest: Peekable<Chars<'_>>) -> bool {
    rest.next() == Some('\\') && rest.next().is_some_and(|c| "dwsDWS".contains(c))
}

fn class_escape(c: char, rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    match c {
        'd' | 'w' | 's' => out.push_str(set_of(c)),
        'D' | 'W' | 'S' => push_set(c, out),
        'b' => out.push_str("\\x08"),
        _ => character(c, rest, CLASS_META, out),
    }
}

#[cfg(test)]
mod tests {
    use super::super::pattern::compile;

    #[track_caller]
    fn check(pattern: &str, matches: &[&str], others: &[&str]) {
        let regex = compile(pattern).unwrap();
        for text in matches {
            assert!(regex.is_match(text).unwrap(), "{pattern} should match {text:?}");
        }
        for text in others {
            assert!(!regex.is_match(text).unwrap(), "{pattern} should not match {text:?}");
        }
    }

    #[test]
    fn sets_are_ascii_as_in_ecmascript() {
        check(r"^\d+$", &["12"], &["\u{662}"]);
        check(r"^[\w.]+$", &["a_1."], &["ü"]);
        check(r"^\S\s\S$", &["a b", "ü\tb"], &["a\u{a0}b"]);
        check(r"^[^\s]+$", &["a"], &["a b"]);
        check(r"^[x\D]$", &["x", "a"], &["1"]);
    }

    #[test]
    fn characters_that_mean_something_only_to_us_are_literal() {
        check(r"^{a}]$", &["{a}]"], &["a"]);
        check(r"^[[&&~~]+$", &["[&~"], &["a"]);
        check(r"^a{2,3}b{1}c{x}$", &["aabc{x}"], &["abc{x}"]);
        check(r"^\/\:\-\_\e$", &["/:-_e"], &["x"]);
    }

    #[test]
    fn hyphens_at_the_ends_of_a_class_and_beside_sets_are_hyphens() {
        check(r"^[-a]+$", &["-a"], &["b"]);
        check(r"^[a-]+$", &["-a"], &["b"]);
        check(r"^[\w-.]+$", &["a-."], &[","]);
        check(r"^[.-\d]+$", &[".-1"], &["/"]);
        check(r"^[a-c]+$", &["abc"], &["-"]);
    }

    #[test]
    fn codes_and_empty_classes() {
        check(r"^\x41\u0042\cJ\0$", &["AB\n\0"], &["AB"]);
        check(r"^\xg\u12$", &["xgu12"], &["x"]);
        check(r"^a[^]b$", &["a\nb"], &["ab"]);
        check("a[]", &[], &["a", "a]"]);
        check(r"^[\b]$", &["\u{8}"], &["b"]);
    }

    #[test]
    fn look_around_and_back_references_work() {
        check(r"^(?!warning).*(?<=\))$", &["error (1)"], &["warning (1)", "error"]);
        check(r"^(['\x22]).*\1$", &["'a'", "\"a\""], &["'a\""]);
        check(r"(?<name>a)\k<name>", &["aa"], &["ab"]);
    }

    #[test]
    fn a_trailing_backslash_and_an_unclosed_group_are_told() {
        check("a\\", &["a\\"], &["a"]);
        let error = compile("(a").unwrap_err();
        assert!(error.starts_with("Invalid pattern '(a'."), "{error}");
        assert!(compile("[a").is_err());
    }
}
