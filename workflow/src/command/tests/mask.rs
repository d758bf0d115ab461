//! Masking of secrets (`semantics` 5.9).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::super::Masker;

fn masker(secrets: &[&str]) -> Masker {
    Masker::new(secrets.iter().copied()).unwrap()
}

#[track_caller]
fn check(secrets: &[&str], text: &str, expected: &str) {
    assert_eq!(masker(secrets).mask(text), expected);
    let mut grown = Masker::default();
    for secret in secrets {
        grown.add(secret).unwrap();
    }
    assert_eq!(grown.mask(text), expected, "added one by one");
}

#[test]
fn secrets_become_stars() {
    check(&["hush"], "a hush b hush", "a *** b ***");
    check(&["hush"], "nothing here", "nothing here");
    check(&["hush"], "Hush HUSH", "Hush HUSH");
    check(&["ü€"], "aü€b", "a***b");
    check(&[], "text", "text");
}

#[test]
fn what_overlaps_or_touches_becomes_one() {
    check(&["abc", "cde"], "xabcdex", "x***x");
    check(&["abc", "def"], "abcdef", "***");
    check(&["abc", "abcdef", "b"], "abcdef b abx", "*** *** a***x");
    check(&["aXa"], "aXaXaXa", "***");
    check(&["x"], "axbxxc", "a***b***c");
}

#[test]
fn white_space_is_no_secret_and_does_not_belong_to_one() {
    check(&["", "  ", "\n"], "a b", "a b");
    check(&["  padded\t"], "is padded or  padded\t.", "is *** or  ***\t.");
}

#[test]
fn each_line_of_a_secret_is_a_secret() {
    let key = "-----BEGIN-----\r\n  MIIEv\n\nend-line\n";
    check(&[key], "MIIEv", "***");
    check(&[key], "> -----BEGIN-----", "> ***");
    check(&[key], "end-line.", "***.");
}

#[test]
fn base64_is_found_at_every_alignment() {
    for secret in ["correct-horse", "correct-horse-", "correct-horse-b"] {
        let masker = masker(&[secret]);
        for before in ["", "a", "ab", "abc", "user:"] {
            for after in ["", "z", "yz", "\n"] {
                let text = STANDARD.encode(format!("{before}{secret}{after}"));
                let masked = masker.mask(&text);
                assert!(masked.contains("***"), "{before}{secret}{after:?}: {masked}");
                // What the neighbours share with the secret's edges is at most two characters
                // before and three after, besides the neighbours themselves.
                let rest = masked.replace("***", "");
                let limit = (before.len() + after.len()) * 4 / 3 + 8;
                assert!(rest.len() <= limit, "{before}{secret}{after:?}: {masked}");
            }
        }
    }
    let secret = "~~~???>>>~~~???>>>";
    let masked = masker(&[secret]).mask(&URL_SAFE_NO_PAD.encode(secret)).into_owned();
    assert_eq!(masked, "***");
}

#[test]
fn encodings_of_a_secret_are_secrets() {
    let cases = [
        ("p\"q\"r", "p\\\"q\\\"r"),
        ("tab\there", "tab\\there"),
        ("back\\slash", "back\\\\slash"),
        ("it's", "it''s"),
        ("a b/c?ü", "a%20b%2Fc%3F%C3%BC"),
        ("<a&'\">", "&lt;a&amp;&apos;&quot;&gt;"),
        ("\"in quotes\"", "in quotes"),
        ("password", "70617373776f7264"),
        ("first&second", "first&"),
        ("first&second", "second"),
        ("part-1&+part-2", "part-1&+"),
        ("part-1&+xpart-2", "part-2"),
    ];
    for (secret, form) in cases {
        check(&[secret], &format!("<{form}>"), "<***>");
    }
}

#[test]
fn short_parts_are_no_secrets() {
    check(&["\"short\""], "short", "short");
    check(&["ab&cd"], "ab& cd", "ab& cd");
    check(&["abc"], "616263", "616263");
}

#[test]
fn a_secret_of_one_character_stars_it_out_everywhere() {
    check(&["e"], "here", "h***r***");
}

#[test]
fn secrets_are_masked_from_when_they_are_added() {
    let mut masker = masker(&["first"]);
    assert_eq!(masker.mask("first second"), "*** second");
    masker.add("second").unwrap();
    masker.add("second").unwrap();
    assert_eq!(masker.mask("first second"), "*** ***");
    for number in 0..300 {
        masker.add(&format!("secret-{number:03}")).unwrap();
    }
    assert_eq!(masker.mask("secret-000firstsecret-299 secret-300"), "*** secret-300");
}

#[test]
fn text_with_a_secret_is_known() {
    let masker = masker(&["hush"]);
    assert!(masker.contains_secret("a hush") && masker.contains_secret(&STANDARD.encode("hush")));
    assert!(!masker.contains_secret("a hus"));
}

#[test]
fn debug_shows_no_secret() {
    let mut masker = masker(&["hush-hush"]);
    masker.add("silence").unwrap();
    let shown = format!("{masker:?} {masker:#?}");
    assert!(!shown.contains("hush") && !shown.contains("silence"), "{shown}");
}

/// Secrets by letters that no other form of a short secret consists of, so that a slow masker only
/// has to look for the values themselves.
fn mask_slowly(secrets: &[String], text: &str) -> String {
    let mut is_secret = vec![false; text.len()];
    for secret in secrets {
        for start in 0..text.len() {
            if text[start..].starts_with(secret.as_str()) {
                is_secret[start..start + secret.len()].fill(true);
            }
        }
    }
    let mut masked = String::new();
    for (at, c) in text.char_indices() {
        if !is_secret[at] {
            masked.push(c);
        } else if at == 0 || !is_secret[at - 1] {
            masked.push_str("***");
        }
    }
    masked
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn masking_equals_slow_masking(
        secrets in prop::collection::vec("[abc-]{1,5}", 0..6),
        text in "[abc -]{0,60}",
    ) {
        let masker = Masker::new(secrets.iter().map(String::as_str)).unwrap();
        prop_assert_eq!(masker.mask(&text), mask_slowly(&secrets, &text));
    }

    #[test]
    fn no_secret_survives_anywhere(secret in "\\PC{1,20}", before in "\\PC{0,9}", after in "\\PC{0,9}") {
        prop_assume!(!secret.trim().is_empty() && !"***".contains(secret.trim()));
        let masker = Masker::new([secret.as_str()]).unwrap();
        let masked = masker.mask(&format!("{before}{secret}{after}")).into_owned();
        prop_assert!(masked.contains("***"));
        prop_assert!(!masked.replace("***", "\0").contains(secret.trim()));
    }
}
