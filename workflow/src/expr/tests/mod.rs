//! Tests of the expression language, through its public face.

mod coercion;
mod functions;
mod index;
mod json;
mod operators;
mod properties;
mod references;
mod syntax;

use serde_json::{Value as Json, json};

use super::{Allowed, Environment, Expression, Object, StatusView, Value};

/// The contexts of [`check`].
fn contexts() -> Json {
    json!({
        "github": {
            "ref": "refs/heads/main",
            "Sha": "abc123",
            "event": { "labels": [{ "name": "bug" }, { "id": 2 }, { "name": null }] },
        },
        "matrix": { "os": "linux", "version": 3.1, "py": [3.8, 3.9] },
        "needs": {
            "zeta": { "result": "success", "outputs": { "tag": "v1" } },
            "alpha": { "result": "failure", "outputs": {} },
        },
        "vars": { "1": "one", "a": [], "o": {}, "empty": "" },
    })
}

fn evaluate_in(contexts: &Json, text: &str) -> Result<Value, String> {
    let contexts: Object = contexts
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), Value::from_json(value)))
        .collect();
    let status = StatusView::default();
    let environment = Environment { contexts: &contexts, status: &status, hash_files: None };
    let expression = Expression::parse(text, &Allowed::ANYTHING).map_err(|e| e.message)?;
    expression.evaluate(&environment).map_err(|e| e.message)
}

fn evaluate(text: &str) -> Result<Value, String> {
    evaluate_in(&contexts(), text)
}

/// Asserts the value of an expression; JSON null stands for null and for no number.
#[track_caller]
fn check(text: &str, expected: impl Into<Json>) {
    match evaluate(text) {
        Ok(value) => assert_eq!(value.to_json(), expected.into(), "{text}"),
        Err(message) => panic!("{text}: {message}"),
    }
}

/// Asserts the text that an expression leaves between other text.
#[track_caller]
fn check_text(text: &str, expected: &str) {
    match evaluate(text) {
        Ok(value) => assert_eq!(value.to_text(), expected, "{text}"),
        Err(message) => panic!("{text}: {message}"),
    }
}

/// Asserts what goes wrong, when parsing or when evaluating.
#[track_caller]
fn check_error(text: &str, expected: &str) {
    match evaluate(text) {
        Ok(value) => panic!("{text}: is {:?}", value.to_json()),
        Err(message) => assert_eq!(message, expected, "{text}"),
    }
}
