//! What is an expression, and what is said of text that is not (`semantics` 2.1, 2.2, 2.11).

use super::super::{Allowed, Expression};
use super::{check, check_error};

const STEP_RUN: Allowed = Allowed {
    contexts: &["github", "steps"],
    status_functions: false,
    status_arguments: false,
    hash_files: true,
};

#[track_caller]
fn check_symbol(text: &str, symbol: &str, position: usize) {
    let what = "Unexpected symbol";
    check_error(
        text,
        &format!("{what}: '{symbol}'. Located at position {position} within expression: {text}"),
    );
}

#[track_caller]
fn parse_error(text: &str, allowed: &Allowed) -> String {
    Expression::parse(text, allowed).expect_err(text).message
}

#[test]
fn literals_are_read() {
    check("null", serde_json::Value::Null);
    check("true", true);
    check("'it''s'", "it's");
    check("''''", "'");
    check("0x1F", 31);
    check("0o17", 15);
    check(".25", 0.25);
    check("-1.5e2", -150);
    check("+7", 7);
}

#[test]
fn words_that_are_literals_are_case_sensitive() {
    let allowed = STEP_RUN;
    for word in ["True", "NULL", "nan", "infinity"] {
        let expected = format!(
            "Unrecognized named-value: '{word}'. Located at position 1 within expression: {word}"
        );
        assert_eq!(parse_error(word, &allowed), expected);
    }
}

#[test]
fn names_of_contexts_and_functions_ignore_case() {
    check("GITHUB.SHA", "abc123");
    check("FROMJSON('2')", 2);
    check("TojSon(1)", "1");
}

#[test]
fn any_word_is_a_property_name() {
    for word in ["true", "null", "NaN", "success", "a-b", "_x"] {
        check(&format!("github.{word}"), serde_json::Value::Null);
    }
}

#[test]
fn operators_bind_as_in_the_table() {
    check("true || true && false", true);
    check("(true || true) && false", false);
    check("!false == true", true);
    check("!(false == true)", true);
    check("1 < 2 == true", true);
    check("1 == 1 && 2 > 1", true);
    check("!github.nothing.more", true);
    check("3 > 2 > 1", false);
}

#[test]
fn white_space_does_not_matter() {
    check(" github \n . ref [ 0 ] || 1\t==\t1 ", true);
    check("join (matrix.py)", "3.8,3.9");
}

#[test]
fn tokens_in_wrong_places_are_named_with_their_position() {
    check_symbol("1 2", "2", 3);
    check_symbol("== 1", "==", 1);
    check_symbol("(1,2)", ",", 3);
    check_symbol("join(1))", ")", 8);
    check_symbol("github[1)", ")", 9);
    check_symbol("github.()", "(", 8);
    check_symbol("github.7", "7", 8);
    check_symbol("github .5", "5", 9);
    check_symbol("'abc'[0]", "[", 6);
    check_symbol("1.a", "1.a", 1);
    check_symbol("2 * 3", "*", 3);
    check_symbol("vars.a*", "a*", 6);
}

#[test]
fn text_that_is_no_token_is_named_as_a_whole() {
    check_symbol("\"a\" == 1", "\"a\"", 1);
    check_symbol("'open", "'open", 1);
    check_symbol("true & false", "&", 6);
    check_symbol("1 =1", "=1", 3);
    check_symbol("github/x.md", "github/x", 1);
    check_symbol("a$b", "a$b", 1);
    check_symbol("ü == 1", "ü", 1);
    check_symbol("'ü' 1", "1", 5);
}

#[test]
fn numbers_that_are_none_are_symbols() {
    for number in
        ["0x01p2", "-0xFF", "0xFZ", "-Inf", "1.2.3", "1e", "..5", "0o8", "0x1ffffffff", "+NaN"]
    {
        check_symbol(number, number, 1);
    }
}

#[test]
fn an_unfinished_expression_names_its_last_token() {
    let cases = [
        ("1 <", "<", 3),
        ("(true", "true", 2),
        ("join(1,", ",", 7),
        ("github.", ".", 7),
        ("!", "!", 1),
        ("vars['a'", "'a'", 6),
        ("join(", "(", 5),
    ];
    for (text, token, position) in cases {
        let expected = format!(
            "Unexpected end of expression: '{token}'. Located at position {position} within expression: {text}"
        );
        check_error(text, &expected);
    }
}

#[test]
fn text_without_any_token_is_an_error() {
    check_error("", "An expression was expected");
    check_error(" \t\n", "An expression was expected");
}

#[test]
fn contexts_and_functions_that_are_not_allowed_are_unknown() {
    let expected =
        "Unrecognized named-value: 'secrets'. Located at position 1 within expression: secrets.KEY";
    assert_eq!(parse_error("secrets.KEY", &STEP_RUN), expected);
    let expected =
        "Unrecognized function: 'always'. Located at position 6 within expression: 1 && always()";
    assert_eq!(parse_error("1 && always()", &STEP_RUN), expected);
    let expected =
        "Unrecognized function: 'fetch'. Located at position 1 within expression: fetch(1)";
    assert_eq!(parse_error("fetch(1)", &STEP_RUN), expected);
    let without_hash = Allowed { hash_files: false, ..STEP_RUN };
    assert!(
        parse_error("hashFiles('a')", &without_hash)
            .starts_with("Unrecognized function: 'hashFiles'")
    );
    assert!(Expression::parse("Steps.a.outputs && hashfiles('a')", &STEP_RUN).is_ok());
}

#[test]
fn the_first_error_of_the_text_is_reported() {
    let text = "secrets.a == )";
    let expected = "Unrecognized named-value: 'secrets'. Located at position 1 within expression: secrets.a == )";
    assert_eq!(parse_error(text, &STEP_RUN), expected);
}

#[test]
fn the_number_of_parameters_is_checked() {
    check_error(
        "contains(1)",
        "Too few parameters supplied: '('. Located at position 9 within expression: contains(1)",
    );
    check_error(
        "1 && toJSON (1, 2)",
        "Too many parameters supplied: '('. Located at position 13 within expression: 1 && toJSON (1, 2)",
    );
    check_error(
        "case(true, 1, false, 2)",
        "Even number of parameters supplied, requires an odd number of parameters: 'case'. Located at position 1 within expression: case(true, 1, false, 2)",
    );
    check_error(
        "always(1)",
        "Too many parameters supplied: '('. Located at position 7 within expression: always(1)",
    );
}

#[test]
fn status_functions_take_job_ids_only_where_allowed() {
    let job_if = Allowed { status_functions: true, status_arguments: true, ..STEP_RUN };
    assert!(Expression::parse("success('a', 'b') || failure('a')", &job_if).is_ok());
    let step_if = Allowed { status_arguments: false, ..job_if };
    assert!(parse_error("success('a')", &step_if).starts_with("Too many parameters supplied: '('"));
}

#[test]
fn a_text_longer_than_the_limit_is_refused() {
    let longest = format!("'{}'", "x".repeat(20_998));
    assert!(Expression::parse(&longest, &STEP_RUN).is_ok());
    let longer = format!("'{}'", "x".repeat(20_999));
    assert_eq!(parse_error(&longer, &STEP_RUN), "Exceeded max expression length 21000");
}

#[test]
fn the_fiftieth_level_is_the_last() {
    let too_deep = "Exceeded max expression depth 50";
    let nots = |n: usize| format!("{}true", "!".repeat(n));
    check(&nots(49), false);
    check_error(&nots(50), too_deep);
    let names = |n: usize| format!("github{}", ".x".repeat(n));
    check(&names(49), serde_json::Value::Null);
    check_error(&names(50), too_deep);
    let calls = |n: usize| format!("{}1{}", "join(".repeat(n), ")".repeat(n));
    check(&calls(49), "1");
    check_error(&calls(50), too_deep);
    check_error(&nots(20_000), too_deep);
}

#[test]
fn chains_and_brackets_are_no_levels() {
    check(&vec!["true"; 500].join(" && "), true);
    check(&vec!["false"; 500].join(" || "), false);
    check(&format!("{}7{}", "(".repeat(10_000), ")".repeat(10_000)), 7);
    let alternating = "true && (false || ".repeat(30) + "true" + &")".repeat(30);
    check_error(&alternating, "Exceeded max expression depth 50");
}

#[test]
fn an_expression_is_stored_as_its_text() {
    let expression = Expression::parse("  github.ref  ", &STEP_RUN).unwrap();
    assert_eq!(expression.text(), "github.ref");
    let stored = serde_json::to_string(&expression).unwrap();
    assert_eq!(stored, r#""github.ref""#);
    let read: Expression = serde_json::from_str(&stored).unwrap();
    assert_eq!(read.text(), "github.ref");
    assert!(serde_json::from_str::<Expression>(r#""github.""#).is_err());
}

#[test]
fn expressions_can_be_shared_between_threads() {
    fn is_shareable<T: Send + Sync + Clone>() {}
    is_shareable::<Expression>();
}
