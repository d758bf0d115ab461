//! Inputs of `workflow_dispatch` (`semantics` 3.5).

use gantry_workflow::model::{Input, InputKind};
use gantry_workflow::trigger::dispatch::{DispatchInputs, resolve_inputs};
use serde_json::{Value, json};

use crate::build::{strings, trigger, trigger_with_inputs, workflow_on};

fn input(name: &str, kind: InputKind) -> Input {
    Input {
        name: name.to_owned(),
        description: None,
        kind,
        required: false,
        default: None,
        options: Vec::new(),
    }
}

fn ask(inputs: Vec<Input>, provided: Value) -> Result<DispatchInputs, String> {
    let workflow = workflow_on(vec![trigger("push"), trigger_with_inputs(inputs)]);
    resolve_inputs(&workflow, provided.as_object().unwrap()).map_err(|error| error.to_string())
}

#[test]
fn booleans_are_typed_in_the_context_and_text_in_the_event() {
    let declared = vec![
        input("flag", InputKind::Boolean),
        input("off", InputKind::Boolean),
        input("count", InputKind::Number),
        input("text", InputKind::String),
    ];
    let found = ask(declared, json!({"flag": "true", "off": false, "count": 3})).unwrap();
    assert_eq!(
        found.inputs.to_json(),
        json!({"flag": true, "off": false, "count": "3", "text": ""})
    );
    assert_eq!(
        found.event_inputs,
        json!({"flag": "true", "off": "false", "count": "3", "text": ""})
    );
}

#[test]
fn a_missing_input_has_its_default_or_is_empty() {
    let declared = vec![
        Input { default: Some("prod".into()), required: true, ..input("a", InputKind::String) },
        Input { default: Some("true".into()), ..input("b", InputKind::Boolean) },
        input("c", InputKind::Boolean),
        input("d", InputKind::Environment),
    ];
    let found = ask(declared, json!({"d": null})).unwrap();
    assert_eq!(found.inputs.to_json(), json!({"a": "prod", "b": true, "c": false, "d": ""}));
}

#[test]
fn no_declared_inputs_leave_the_event_without_any() {
    let found = ask(Vec::new(), json!({})).unwrap();
    assert_eq!(found.event_inputs, Value::Null);
    assert_eq!(found.inputs.to_json(), json!({}));
}

#[test]
fn refusals_say_what_is_wrong() {
    let required = || vec![Input { required: true, ..input("a", InputKind::String) }];
    let choice = || vec![Input { options: strings(&["x", "y"]), ..input("a", InputKind::Choice) }];
    for (declared, provided, message) in [
        (required(), json!({"b": "1", "a": "1"}), r#"Unexpected inputs provided: ["b"]"#),
        (required(), json!({}), "Required input 'a' not provided"),
        (required(), json!({"a": ""}), "Required input 'a' not provided"),
        (required(), json!({"a": {}}), "Provided value for input 'a' is not text"),
        (
            choice(),
            json!({"a": "z"}),
            "Provided value 'z' for input 'a' not in the list of allowed values",
        ),
        (
            vec![input("a", InputKind::Boolean)],
            json!({"a": "yes"}),
            "Provided value 'yes' for input 'a' not in the list of allowed values",
        ),
        (
            vec![input("a", InputKind::Number)],
            json!({"a": "many"}),
            "Provided value 'many' for input 'a' is not a number",
        ),
    ] {
        assert_eq!(ask(declared, provided).unwrap_err(), message);
    }
}

#[test]
fn a_workflow_without_the_trigger_cannot_be_dispatched() {
    let workflow = workflow_on(vec![trigger("push")]);
    let error = resolve_inputs(&workflow, &serde_json::Map::new()).unwrap_err();
    assert_eq!(error.to_string(), "Workflow does not have 'workflow_dispatch' trigger");
}

#[test]
fn at_most_25_inputs_and_65535_characters() {
    let many: Vec<Input> = (0..26).map(|n| input(&format!("i{n}"), InputKind::String)).collect();
    assert!(ask(many[..25].to_vec(), json!({})).is_ok());
    let error = ask(many, json!({})).unwrap_err();
    assert_eq!(error, "you may only define up to 25 inputs for a `workflow_dispatch` event");
    let long = "x".repeat(65_535);
    let error = ask(vec![input("a", InputKind::String)], json!({"a": long})).unwrap_err();
    assert!(error.starts_with("inputs are too large"), "{error}");
}
