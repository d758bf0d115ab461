//! `toJSON` and `fromJSON` (`semantics` 2.6, 2.7).

use serde_json::{Value as Json, json};

use super::super::Value;
use super::{check, check_error, evaluate_in};

#[track_caller]
fn check_json(value: &Json, expected: &str) {
    let contexts = json!({ "x": value });
    assert_eq!(evaluate_in(&contexts, "toJSON(x)").map(|v| v.to_json()), Ok(json!(expected)));
}

#[test]
fn primitives_are_written() {
    check("toJSON(null)", "null");
    check("toJSON(true)", "true");
    check("toJSON(-0)", "0");
    check("toJSON(1e20)", "1E+20");
    check("toJSON(NaN)", "NaN");
    check_json(&json!("plain"), "\"plain\"");
}

#[test]
fn compound_values_have_a_line_per_item_and_keep_their_order() {
    check_json(&json!([]), "[]");
    check_json(&json!({}), "{}");
    check_json(
        &json!({ "zeta": 1, "alpha": [true, null, [], {}], "mid": { "k": "v" } }),
        "{\n  \"zeta\": 1,\n  \"alpha\": [\n    true,\n    null,\n    [],\n    {}\n  ],\n  \"mid\": {\n    \"k\": \"v\"\n  }\n}",
    );
    check("toJSON(needs.*.result)", "[\n  \"success\",\n  \"failure\"\n]");
}

#[test]
fn only_what_must_be_is_escaped() {
    check_json(&json!("<a href='x'>&</a> ü 😀 \u{7f}"), "\"<a href='x'>&</a> ü 😀 \u{7f}\"");
    check_json(&json!("\" \\ \u{8} \u{c} \n \r \t"), r#""\" \\ \b \f \n \r \t""#);
    check_json(&json!("\u{0}\u{1f}"), r#""\u0000\u001f""#);
    check_json(&json!({ "a\"b": 1 }), "{\n  \"a\\\"b\": 1\n}");
}

#[test]
fn json_is_read() {
    check("fromJSON('null')", Json::Null);
    check("fromJSON('\"x\"')", "x");
    check("fromJSON(' {\"b\": [1, 2.5e1], \"a\": {}} ')", json!({ "b": [1, 25], "a": {} }));
    check("fromJSON(true)", true);
    check("fromJSON(12)", 12);
    check("fromJSON('\"2024-01-01T00:00:00Z\"')", "2024-01-01T00:00:00Z");
    check("toJSON(fromJSON('12345678901234567890'))", "1.23456789012346E+19");
}

#[test]
fn of_equal_keys_the_last_value_counts() {
    check("fromJSON('{\"a\": 1, \"b\": 2, \"a\": 3}')", json!({ "a": 3, "b": 2 }));
}

#[test]
fn text_that_is_no_json_is_an_error() {
    for text in ["''", "' '", "'{'", "'[1'", "'nothing'", "null", "vars.a"] {
        check_error(&format!("fromJSON({text})"), "Error parsing fromJson");
    }
}

#[test]
fn liberties_of_github_s_reader_are_taken() {
    check("fromJSON('[1, 2,]')", json!([1, 2]));
    check("fromJSON('{\"a\": 1,}')", json!({ "a": 1 }));
    check("fromJSON('{a: ''x'', $b_1: [.5, 0x10]}')", json!({ "a": "x", "$b_1": [0.5, 16] }));
    check("fromJSON('/* one */ [ // two\n 1 ] three')", json!([1]));
    check("fromJSON('[1] text')", json!([1]));
    check("fromJSON('{\"a\": \"one\ntwo\",}').a", "one\ntwo");
    check("fromJSON('''a\\u00fc\\ud83d\\ude00\\n\\''''')", "aü😀\n'");
    check("format('{0} {1}', fromJSON('-Infinity'), fromJSON('NaN'))", "-Infinity NaN");
    for text in
        ["'[1,,2]'", "'[,]'", "'{,}'", "'{a}'", "'[1 2]'", "'[1'", "'''x'", "'/*'", "'\"\\x\"'"]
    {
        check_error(&format!("fromJSON({text})"), "Error parsing fromJson");
    }
    let deep = "[".repeat(10_000);
    check_error(&format!("fromJSON('{deep}')"), "Error parsing fromJson");
}

#[test]
fn json_that_is_written_is_read_back() {
    let value = json!({ "n": 1.5, "s": "a\"\u{1}\n", "l": [null, false, { "x": [] }] });
    let contexts = json!({ "x": value });
    assert_eq!(evaluate_in(&contexts, "fromJSON(toJSON(x))").map(|v| v.to_json()), Ok(value));
}

#[test]
fn values_are_stored_as_json() {
    let json = json!({ "id": 9_007_199_254_740_991_i64, "half": 0.5, "none": null });
    let value: Value = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(serde_json::to_value(&value).unwrap(), json);
}
