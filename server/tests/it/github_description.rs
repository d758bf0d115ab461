//! GitHub's own description of its answers, which ours and those of the fake are held against.
//!
//! `cargo xtask github-schemas` makes it; without it nothing is checked, and a line says so.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use reqwest::Method;
use serde_json::{Map, Value, json};

static SHARED: LazyLock<Option<Description>> = LazyLock::new(Description::load);

/// So deep are answers filled in; what lies deeper is optional or refers to itself.
const MAX_DEPTH: usize = 8;

/// GitHub's operations and their answers.
pub(crate) struct Description {
    document: Value,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Description {
    /// `None`, with a printed line, when it has not been made.
    pub(crate) fn read() -> Option<&'static Self> {
        SHARED.as_ref()
    }

    fn load() -> Option<Self> {
        let program = std::env::current_exe().expect("the test's own path");
        let target = program.ancestors().nth(3).expect("a target folder");
        let Ok(text) = std::fs::read(target.join("github-schemas.json")) else {
            eprintln!("skipped: run `cargo xtask github-schemas`");
            return None;
        };
        let document = serde_json::from_slice(&text).expect("JSON");
        Some(Self { document, validators: Mutex::default() })
    }

    /// `GET /repos/{owner}/{repo}/...` for a path or for a route of ours.
    pub(crate) fn operation(&self, method: &Method, path: &str) -> Option<&str> {
        let operations = self.document["operations"].as_object().expect("operations");
        let fits = |operation: &&String| {
            operation
                .split_once(' ')
                .is_some_and(|(verb, template)| verb == method.as_str() && matches(template, path))
        };
        // The most literal one: `/actions/workflows/{workflow_id}` before nothing less specific.
        operations
            .keys()
            .filter(fits)
            .min_by_key(|operation| {
                (operation.matches('{').count(), std::cmp::Reverse(operation.len()))
            })
            .map(String::as_str)
    }

    /// What is wrong with an answer.
    pub(crate) fn complaints(&self, operation: &str, status: u16, body: &str) -> Vec<String> {
        let Some(schema) = self.schema(operation, status) else {
            return vec![format!("status {status} is not described: {body}")];
        };
        if schema.is_null() {
            return Vec::new();
        }
        let body: Value = serde_json::from_str(body).expect("JSON");
        self.validator(operation, status)
            .iter_errors(&body)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect()
    }

    /// The answer with whatever the description demands and it does not say, as empty as may be. Wrong
    /// values stay wrong.
    pub(crate) fn fill(&self, (operation, status): (&str, u16), answer: &mut Value) {
        if let Some(schema) = self.schema(operation, status).filter(|schema| !schema.is_null()) {
            self.fill_in(schema, answer, 0);
        }
    }

    fn schema(&self, operation: &str, status: u16) -> Option<&Value> {
        self.document["operations"][operation].get(status.to_string())
    }

    fn validator(&self, operation: &str, status: u16) -> Arc<Validator> {
        let mut known = self.validators.lock().expect("validators");
        let make = || {
            let schema = &self.document["operations"][operation][status.to_string()];
            let schema = json!({ "allOf": [schema], "components": self.document["components"] });
            let options = jsonschema::options()
                .with_draft(jsonschema::Draft::Draft4)
                .should_validate_formats(true);
            Arc::new(options.build(&schema).expect("a good schema"))
        };
        Arc::clone(known.entry(format!("{operation} {status}")).or_insert_with(make))
    }

    fn fill_in(&self, schema: &Value, value: &mut Value, depth: usize) {
        let schema = self.resolved(schema);
        match value {
            Value::Object(map) => self.fill_object(schema, map, depth),
            Value::Array(list) => {
                list.iter_mut().for_each(|item| self.fill_in(&schema["items"], item, depth));
            }
            _ => {}
        }
    }

    fn fill_object(&self, schema: &Value, map: &mut Map<String, Value>, depth: usize) {
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.fill_object(self.resolved(part), map, depth);
        }
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !map.contains_key(name) && depth < MAX_DEPTH {
                map.insert(name.to_owned(), self.emptiest(&schema["properties"][name], depth + 1));
            }
        }
        for (name, value) in map {
            self.fill_in(&schema["properties"][name], value, depth + 1);
        }
    }

    /// The least that a schema accepts.
    fn emptiest(&self, schema: &Value, depth: usize) -> Value {
        if schema["anyOf"].as_array().is_some_and(|any| any.contains(&json!({ "type": "null" }))) {
            return Value::Null;
        }
        let schema = self.resolved(schema);
        if let Some(first) = schema["enum"].as_array().and_then(|list| list.first()) {
            return first.clone();
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) if kinds.contains(&json!("null")) => "null",
            kind => kind.as_str().unwrap_or("object"),
        };
        match kind {
            "null" => Value::Null,
            "boolean" => json!(false),
            "integer" | "number" => json!(1),
            "array" => json!([]),
            "string" => text(schema["format"].as_str().unwrap_or_default()),
            _ => {
                let mut map = Map::new();
                self.fill_object(schema, &mut map, depth);
                Value::Object(map)
            }
        }
    }

    /// Behind references; of several forms the first that is not null.
    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let mut schema = schema;
        loop {
            let reference = schema["$ref"].as_str().and_then(|name| name.strip_prefix('#'));
            let forms = ["anyOf", "oneOf"].iter().find_map(|key| schema[*key].as_array());
            let form = forms.and_then(|all| all.iter().find(|it| **it != json!({"type": "null"})));
            schema = match (reference, form) {
                (Some(pointer), _) => self.document.pointer(pointer).expect("a schema"),
                (None, Some(form)) if schema["properties"].is_null() => form,
                _ => return schema,
            };
        }
    }
}

fn text(format: &str) -> Value {
    json!(match format {
        "date-time" => "2026-01-01T00:00:00Z",
        "uri" => "https://api.github.com/x",
        "email" => "x@example.com",
        _ => "",
    })
}

/// Whether a path lies at a template; some templates' last part takes any number of segments.
fn matches(template: &str, path: &str) -> bool {
    let template: Vec<_> = template.split('/').collect();
    let path: Vec<_> = path.split('/').collect();
    let is_open = matches!(template.last(), Some(&("{path}" | "{ref}")));
    let fits = if is_open { path.len() >= template.len() } else { path.len() == template.len() };
    fits && template.iter().zip(&path).all(|(t, p)| t.starts_with('{') || t == p)
}
