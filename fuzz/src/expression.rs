//! Promises of expressions.

use std::sync::LazyLock;

use gantry_workflow::expr::{Allowed, Environment, Expression, Object, StatusView, Value};
use gantry_workflow::template::parse_text;

/// A text parses or not, and what parses evaluates to a value or an error, twice the same.
pub fn expression(text: &str) {
    let contexts = &*CONTEXTS;
    let status = StatusView { success: true, ..StatusView::default() };
    let hash_files = |patterns: &[String]| Ok(patterns.join("\n"));
    let environment = Environment { contexts, status: &status, hash_files: Some(&hash_files) };
    match Expression::parse(text, &Allowed::ANYTHING) {
        Ok(expression) => {
            assert_eq!(expression.text(), text.trim());
            let _ = expression.referenced_properties("github");
            let _ = expression.reads_outputs_of_needs();
            evaluate(&expression, &environment);
        }
        Err(error) => {
            let n_characters = text.trim().chars().count();
            assert!(!error.message.is_empty());
            assert!((1..=n_characters + 1).contains(&error.offset), "offset {}", error.offset);
        }
    }
    if let Ok(token) = parse_text(text) {
        let _ = token.evaluate(&environment);
    }
}

fn evaluate(expression: &Expression, environment: &Environment<'_>) {
    let value = match expression.evaluate(environment) {
        Ok(value) => value,
        Err(error) => return assert!(!error.message.is_empty()),
    };
    let again = expression.evaluate(environment).expect("a value again");
    assert_eq!(value.to_json(), again.to_json());
    assert_eq!(value.to_text(), again.to_text());
    let _ = value.truthy();
    // A text is compared without regard to case, and so equals itself.
    if let Value::String(_) = &value {
        assert!(value.loosely_equals(&again));
    }
}

/// Made once, because making them takes longer than most evaluations.
static CONTEXTS: LazyLock<Object> = LazyLock::new(contexts);

fn contexts() -> Object {
    let json = serde_json::json!({
        "github": {
            "ref": "refs/heads/main",
            "event": { "number": 7, "labels": [{ "name": "a" }, { "name": "B" }], "draft": false },
        },
        "env": { "A": "1", "empty": "" },
        "matrix": { "os": "linux", "version": 3.1, "list": [1, "2", null] },
        "needs": { "a": { "result": "success", "outputs": { "x": "[1, 2]" } } },
        "vars": {},
    });
    json.as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), Value::from_json(value)))
        .collect()
}
