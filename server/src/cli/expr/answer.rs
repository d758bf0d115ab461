//! From an expression and contexts to an answer. Pure but for `hashFiles`, which the caller gives.

use std::sync::Arc;

use gantry_workflow::expr::{
    Allowed, Environment, Expression, HashFiles, Kind, Object, StatusView, Value,
};
use gantry_workflow::template::parse_text;
use serde_json::{Value as Json, json};

/// How a text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// What stands between `${{` and `}}`.
    Expression,
    /// Text that may contain `${{ }}`.
    Template,
}

/// What expressions are evaluated against.
pub(super) struct Evaluation<'a> {
    pub(super) form: Form,
    pub(super) hash_files: &'a HashFiles<'a>,
}

impl Evaluation<'_> {
    /// The value of `text`, or GitHub's words for why it has none. Status functions answer as in a
    /// job in which nothing has failed.
    pub(super) fn value(&self, text: &str, contexts: &Object) -> Result<Value, String> {
        let status = StatusView { success: true, ..StatusView::default() };
        let hash_files = Some(self.hash_files);
        let environment = Environment { contexts, status: &status, hash_files };
        match self.form {
            Form::Expression => Expression::parse(text, &Allowed::ANYTHING)
                .map_err(|error| error.message)?
                .evaluate(&environment),
            Form::Template => parse_text(text)?.evaluate(&environment),
        }
        .map_err(|error| error.message)
    }

    /// The answer to one line of a batch: `{"expr": "...", "contexts": {...}}`.
    pub(super) fn answer(&self, line: &[u8]) -> Json {
        match self.answer_to(line) {
            Ok(value) => described(&value),
            Err(error) => json!({ "error": error }),
        }
    }

    fn answer_to(&self, line: &[u8]) -> Result<Value, String> {
        let request: Json = serde_json::from_slice(line)
            .map_err(|error| format!("the line is not JSON: {error}"))?;
        let Some(text) = request["expr"].as_str() else {
            return Err("the line has no text `expr`".to_owned());
        };
        self.value(text, &contexts(&request["contexts"])?)
    }
}

/// The contexts by name. Only `env` tells upper from lower case, as on Linux.
pub(super) fn contexts(json: &Json) -> Result<Object, String> {
    let entries = match json {
        Json::Null => return Ok(Object::default()),
        Json::Object(entries) => entries,
        _ => return Err("contexts must be an object, such as {\"github\": {...}}".to_owned()),
    };
    let context = |(name, value): (&String, &Json)| {
        let value = match (name.as_str(), Value::from_json(value)) {
            ("env", Value::Object(env)) => {
                let entries = env.entries.clone();
                Value::Object(Arc::new(Object { entries, case_sensitive: true }))
            }
            (_, value) => value,
        };
        (name.clone(), value)
    };
    Ok(entries.iter().map(context).collect())
}

/// `{"kind": "Number", "value": 1, "text": "1"}`.
pub(super) fn described(value: &Value) -> Json {
    let kind = match value.kind() {
        Kind::Null => "Null",
        Kind::Boolean => "Boolean",
        Kind::Number => "Number",
        Kind::String => "String",
        Kind::Array => "Array",
        Kind::Object => "Object",
    };
    json!({ "kind": kind, "value": value.to_json(), "text": value.to_text() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(form: Form, line: &str) -> String {
        let hash_files = |patterns: &[String]| Ok(patterns.join("+"));
        Evaluation { form, hash_files: &hash_files }.answer(line.as_bytes()).to_string()
    }

    fn check(line: &str, expected: &str) {
        assert_eq!(answer(Form::Expression, line), expected, "{line}");
    }

    #[test]
    fn a_value_comes_with_its_kind_and_its_text() {
        check(r#"{"expr": "1.50"}"#, r#"{"kind":"Number","value":1.5,"text":"1.5"}"#);
        check(r#"{"expr": "-0"}"#, r#"{"kind":"Number","value":0,"text":"0"}"#);
        check(r#"{"expr": "NaN"}"#, r#"{"kind":"Number","value":null,"text":"NaN"}"#);
        check(r#"{"expr": "-Infinity"}"#, r#"{"kind":"Number","value":null,"text":"-Infinity"}"#);
        check(r#"{"expr": "null"}"#, r#"{"kind":"Null","value":null,"text":""}"#);
        let object = r#"{"kind":"Object","value":{"b":[1,true],"a":"x"},"text":"Object"}"#;
        check(r#"{"expr": "fromJSON('{\"b\":[1,true],\"a\":\"x\"}')"}"#, object);
    }

    #[test]
    fn contexts_may_have_any_name_and_only_env_tells_cases_apart() {
        let contexts = r#""contexts": {"env": {"A": "1"}, "mine": {"A": "2"}}"#;
        let text = |expression: &str| {
            let line = format!(r#"{{"expr": "{expression}", {contexts}}}"#);
            let answer: Json =
                serde_json::from_str(&answer(Form::Expression, &line)).expect("JSON");
            answer["text"].clone()
        };
        assert_eq!(text("env.A"), "1");
        assert_eq!(text("env.a"), "");
        assert_eq!(text("MINE.a"), "2");
        assert_eq!(text("nothing.at.all"), "");
    }

    #[test]
    fn a_template_keeps_its_text() {
        let line = r#"{"expr": "a ${{ 1 }} b", "contexts": {}}"#;
        assert_eq!(
            answer(Form::Template, line),
            r#"{"kind":"String","value":"a 1 b","text":"a 1 b"}"#
        );
        assert!(answer(Form::Template, r#"{"expr": "${{ x"}"#).contains("is not closed"));
    }

    #[test]
    fn files_are_hashed_by_the_caller() {
        check(
            r#"{"expr": "hashFiles('a', 'b')"}"#,
            r#"{"kind":"String","value":"a+b","text":"a+b"}"#,
        );
    }

    #[test]
    fn what_is_wrong_is_the_answer_to_its_line() {
        check(
            "{",
            r#"{"error":"the line is not JSON: EOF while parsing an object at line 1 column 1"}"#,
        );
        check("{}", r#"{"error":"the line has no text `expr`"}"#);
        check(
            r#"{"expr": "1", "contexts": []}"#,
            r#"{"error":"contexts must be an object, such as {\"github\": {...}}"}"#,
        );
        check(
            r#"{"expr": "1 +"}"#,
            r#"{"error":"Unexpected symbol: '+'. Located at position 3 within expression: 1 +"}"#,
        );
    }
}
