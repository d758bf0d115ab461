//! Golden files of expressions: each line of `tests/expressions/NAME.txt` that is no comment is
//! evaluated with the contexts of `contexts.json`, and what comes out is compared with `NAME.snap`.
//! A new line is a new test.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use gantry_workflow::expr::{Allowed, Environment, Expression, Object, StatusView, Value};

use crate::golden::{check_with, files};

const FOLDER: &str = "tests/expressions";

fn contexts() -> Object {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER).join("contexts.json");
    let text = fs::read_to_string(path).expect("the contexts");
    match Value::from_json(&serde_json::from_str(&text).expect("contexts in JSON")) {
        Value::Object(object) => object.as_ref().clone(),
        _ => panic!("contexts are an object"),
    }
}

/// What an expression comes to, in one line: its kind and its value, or what is wrong.
fn outcome(expression: &str, contexts: &Object) -> String {
    let status = StatusView::default();
    let environment = Environment { contexts, status: &status, hash_files: None };
    let parsed = Expression::parse(expression, &Allowed::ANYTHING).map_err(|error| error.message);
    let value = parsed.and_then(|it| it.evaluate(&environment).map_err(|error| error.message));
    match value {
        Err(message) => format!("!! {message}"),
        Ok(Value::Null) => "null".to_owned(),
        Ok(value @ (Value::Bool(_) | Value::Number(_))) => value.to_text().into_owned(),
        Ok(value) => value.to_json().to_string(),
    }
}

#[test]
fn expressions_come_to_what_their_golden_files_say() {
    let contexts = contexts();
    check_with(FOLDER, "txt", |_, text| {
        let mut outcomes = String::new();
        let is_expression = |line: &&str| !line.is_empty() && !line.starts_with('#');
        for line in text.lines().filter(is_expression) {
            writeln!(outcomes, "{line}\n    {}", outcome(line, &contexts)).expect("memory");
        }
        outcomes
    });
}

#[test]
fn every_golden_file_of_expressions_has_its_input() {
    assert_eq!(files(FOLDER, "txt").len(), files(FOLDER, "snap").len());
}
