//! What this crate makes of files and expressions, for a comparison with other implementations.
//!
//! Reads requests from standard input, one JSON object a line, and answers each with a line:
//! `{"workflow": PATH, "text": TEXT}` and `{"action": PATH, "text": TEXT}` with
//! `{"errors": [...]}`, `{"expression": TEXT, "contexts": {...}}` with `{"kind", "text", "json"}`
//! or `{"errors": [...]}`.

#![expect(clippy::print_stdout, reason = "its output is its purpose")]

use std::error::Error;
use std::io::{BufRead, stdin};

use gantry_workflow::expr::{Allowed, Environment, Expression, StatusView, Value};
use gantry_workflow::model::{read_action, read_workflow};
use gantry_workflow::{Diagnostic, Severity};
use serde_json::{Value as Json, json};

fn main() -> Result<(), Box<dyn Error>> {
    for line in stdin().lock().lines() {
        let request: Json = serde_json::from_str(&line?)?;
        println!("{}", answer(&request)?);
    }
    Ok(())
}

fn answer(request: &Json) -> Result<Json, Box<dyn Error>> {
    let field = |name: &str| request.get(name).and_then(Json::as_str);
    let text = field("text").unwrap_or_default();
    match (field("workflow"), field("action"), field("expression")) {
        (Some(path), _, _) => Ok(errors(&read_workflow(path, text).1)),
        (_, Some(path), _) => Ok(errors(&read_action(path, text).1)),
        (_, _, Some(expression)) => Ok(evaluate(expression, &request["contexts"])),
        _ => Err(format!("no request: {request}").into()),
    }
}

fn errors(diagnostics: &[Diagnostic]) -> Json {
    let errors = diagnostics.iter().filter(|it| it.severity == Severity::Error);
    json!({ "errors": errors.map(ToString::to_string).collect::<Vec<_>>() })
}

fn evaluate(text: &str, contexts: &Json) -> Json {
    let contexts = match Value::from_json(contexts) {
        Value::Object(object) => object.as_ref().clone(),
        _ => Default::default(),
    };
    let (status, hash_files) = (StatusView::default(), None);
    let environment = Environment { contexts: &contexts, status: &status, hash_files };
    let written = |text: &str| {
        let parsed = Expression::parse(text, &Allowed::ANYTHING).map_err(|error| error.message)?;
        parsed.evaluate(&environment).map_err(|error| error.message)
    };
    match (written(text), written(&format!("toJSON({text})"))) {
        (Err(message), _) => json!({ "errors": [message] }),
        (Ok(value), json) => {
            let json = json.map(|json| json.to_text().into_owned()).ok();
            json!({ "kind": kind(&value), "text": value.to_text(), "json": json })
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "Null",
        Value::Bool(_) => "Boolean",
        Value::Number(_) => "Number",
        Value::String(_) => "String",
        Value::Array(_) => "Array",
        Value::Object(_) => "Object",
    }
}
