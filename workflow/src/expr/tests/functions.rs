//! The functions (`semantics` 2.6), but for JSON.

use std::cell::RefCell;

use serde_json::{Value as Json, json};

use super::super::{Allowed, Environment, Expression, Object, StatusView};
use super::{check, check_error, evaluate_in};

#[test]
fn contains_finds_text_without_regard_to_case() {
    check("contains('Hello', 'ELL')", true);
    check("contains('Hello', 'elo')", false);
    check("contains('abc', '')", true);
    check("contains('', '')", true);
    check("contains(1234, 23)", true);
    check("contains('is true', true)", true);
    check("contains('abc', null)", true);
    check("contains('ÄRGER', 'är')", true);
    check("contains('abc', vars.a)", false);
    check(&format!("contains('{}Needle', 'nEEDLE')", "hay ".repeat(300)), true);
}

#[test]
fn contains_finds_items_as_equals_does() {
    check("contains(fromJSON('[\"A\", 1]'), 'a')", true);
    check("contains(fromJSON('[\"A\", 1]'), '1')", true);
    check("contains(fromJSON('[\"A\", 1]'), true)", true);
    check("contains(fromJSON('[\"abc\"]'), 'b')", false);
    check("contains(fromJSON('[\"\"]'), null)", true);
    check("contains(needs.*.result, 'failure')", true);
    check("contains(vars.a, '')", false);
    check("contains(needs, 'zeta')", false);
}

#[test]
fn starts_and_ends_ignore_case() {
    check("startsWith('Refs/heads', 'refs/')", true);
    check("startsWith('refs', 'refs/')", false);
    check("startsWith(123, 12)", true);
    check("endsWith('file.TXT', '.txt')", true);
    check("endsWith('x', 'xx')", false);
    check("startsWith('a', '') && endsWith('a', '')", true);
    check("startsWith(vars.a, '')", false);
    check("endsWith('Array', vars.a)", false);
}

#[test]
fn format_puts_arguments_into_text() {
    check("format('{0}-{1}-{0}', 'a', 'b')", "a-b-a");
    check("format('{{{0}}}', 1)", "{1}");
    check("format('{{}} {{0}}')", "{} {0}");
    check("format('no place', fromJSON('{'))", "no place");
    check("format('{00}', 'x')", "x");
    check("format(1.50)", "1.5");
    check("format('{0}{1}', '{1}', 'x')", "{1}x");
}

#[test]
fn format_refuses_wrong_text_before_it_evaluates() {
    for format in ["{", "}", "{0", "{}", "{a}", "{0}}", "{ 0}", "{-1}", "{0:x}", "{256}", "a}b{0}"]
    {
        let text = format!("format('{format}', fromJSON('broken'))");
        check_error(&text, &format!("The following format string is invalid: {format}"));
    }
    check_error(
        "format('{0}{1}', fromJSON('broken'))",
        "The following format string references more arguments than were supplied: {0}{1}",
    );
}

#[test]
fn join_makes_a_text_of_items() {
    check("join(matrix.py)", "3.8,3.9");
    check("join(matrix.py, ' | ')", "3.8 | 3.9");
    check("join(matrix.py, null)", "3.83.9");
    check("join(matrix.py, 0)", "3.803.9");
    check("join(matrix.py, vars.a)", "3.8,3.9");
    check("join('text', '-')", "text");
    check("join(null)", "");
    check("join(vars.a) == '' && join(vars.o) == '' && join(github) == ''", true);
    let contexts = json!({ "x": [null, true, 123.456, "abc", [], {}] });
    let joined = evaluate_in(&contexts, "join(x)").map(|value| value.to_json());
    assert_eq!(joined, Ok(json!(",true,123.456,abc,Array,Object")));
}

#[test]
fn case_gives_the_value_of_the_first_true_predicate() {
    check("case(true, 1, 2)", 1);
    check("case(false, 1, 2)", 2);
    check("case(false, 1, 1 == 1, 'two', true, 3, 4)", "two");
    check("case(false, fromJSON('{'), true, 2, fromJSON('{'))", 2);
    check("case(true, '', 'default')", "");
    check("case(true, needs.zeta, 1).result", "success");
}

#[test]
fn case_wants_booleans() {
    for predicate in ["'x'", "1", "null", "vars.a"] {
        check_error(
            &format!("case({predicate}, 1, 2)"),
            "case predicate must evaluate to a boolean value",
        );
    }
    check("case(true, 1, 'x', 2, 3)", 1);
}

#[test]
fn hash_files_asks_the_environment() {
    let asked = RefCell::new(Vec::new());
    let hash = |patterns: &[String]| {
        asked.borrow_mut().extend_from_slice(patterns);
        if patterns.len() == 3 { Err("no such place".to_owned()) } else { Ok("c0ffee".to_owned()) }
    };
    let contexts = Object::default();
    let status = StatusView::default();
    let environment = Environment { contexts: &contexts, status: &status, hash_files: Some(&hash) };
    let evaluate = |text| {
        let expression = Expression::parse(text, &Allowed::ANYTHING).unwrap();
        expression.evaluate(&environment).map(|value| value.to_text().into_owned())
    };
    assert_eq!(evaluate("hashFiles('**/Cargo.lock', 1)").unwrap(), "c0ffee");
    assert_eq!(*asked.borrow(), ["**/Cargo.lock", "1"]);
    assert_eq!(evaluate("hashFiles('a', 'b', 'c')").unwrap_err().message, "no such place");
}

#[test]
fn status_functions_answer_from_the_status() {
    let results = [("build", "success"), ("lint", "failure"), ("docs", "skipped")];
    let results = results.map(|(id, result)| (id.to_owned(), result.to_owned())).to_vec();
    let status = StatusView { success: false, failure: true, cancelled: false, results };
    let contexts = Object::default();
    let environment = Environment { contexts: &contexts, status: &status, hash_files: None };
    let holds = |text: &str| {
        let expression = Expression::parse(text, &Allowed::ANYTHING).unwrap();
        expression.evaluate(&environment).unwrap().truthy()
    };
    assert!(holds("always()") && holds("failure()"));
    assert!(!holds("success()") && !holds("cancelled()"));
    assert!(holds("success('build')") && holds("success('Build')"));
    assert!(!holds("success('build', 'docs')") && !holds("success('unknown')"));
    assert!(holds("failure('build', 'lint')") && !holds("failure('build', 'docs')"));
}

#[test]
fn evaluation_cannot_use_up_the_memory() {
    let mut text = "'0123456789'".to_owned();
    for _ in 0..12 {
        text = format!("format('{{0}}{{0}}{{0}}{{0}}{{0}}{{0}}{{0}}{{0}}', {text})");
    }
    let message = evaluate_in(&Json::Null, &text).unwrap_err();
    let expected = "The maximum allowed memory size was exceeded while evaluating the following expression: format(";
    assert!(message.starts_with(expected), "{message}");
}
