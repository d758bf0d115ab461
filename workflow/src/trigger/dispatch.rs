//! `workflow_dispatch`: the inputs somebody gave, against the inputs a file declares
//! (`semantics` 3.5).
//!
//! Does not start anything. Invariant: an accepted dispatch has a value for every declared input.

use serde_json::{Map, Value as Json};

use crate::expr::Value;
use crate::model::{Input, InputKind, Workflow};

/// Inputs a file may declare; GitHub raised it from 10 in December 2025.
pub const MAX_INPUTS: usize = 25;

/// Longest total of input names and values, in characters.
pub const MAX_INPUTS_LENGTH: usize = 65_535;

/// What an accepted dispatch runs with.
#[derive(Clone, Debug)]
pub struct DispatchInputs {
    /// The `inputs` context: booleans are booleans, all else is text.
    pub inputs: Value,
    /// `github.event.inputs`: all values are text. Null when the file declares no inputs.
    pub event_inputs: Json,
}

/// Why a dispatch is refused; GitHub answers 422 with this message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DispatchError {
    pub message: String,
}

/// Checks the inputs of a dispatch and fills in defaults.
///
/// # Errors
/// When the workflow cannot be dispatched, or an input is unknown, missing or of another type.
pub fn resolve_inputs(
    workflow: &Workflow,
    provided: &Map<String, Json>,
) -> Result<DispatchInputs, DispatchError> {
    let trigger = workflow
        .on
        .iter()
        .find(|trigger| trigger.event == "workflow_dispatch")
        .ok_or_else(|| refuse("Workflow does not have 'workflow_dispatch' trigger"))?;
    check_size(&trigger.inputs, provided)?;
    check_names(&trigger.inputs, provided)?;
    let mut typed = Vec::with_capacity(trigger.inputs.len());
    let mut texts = Map::new();
    for input in &trigger.inputs {
        let text = resolve(input, provided.get(&input.name))?;
        texts.insert(input.name.clone(), Json::String(text.clone()));
        typed.push((input.name.clone(), typed_value(input.kind, text)));
    }
    let event_inputs = if texts.is_empty() { Json::Null } else { Json::Object(texts) };
    Ok(DispatchInputs { inputs: Value::object(typed), event_inputs })
}

fn check_size(declared: &[Input], provided: &Map<String, Json>) -> Result<(), DispatchError> {
    if declared.len() > MAX_INPUTS {
        return Err(refuse(format!(
            "you may only define up to {MAX_INPUTS} inputs for a `workflow_dispatch` event"
        )));
    }
    let length: usize = provided
        .iter()
        .map(|(name, value)| name.chars().count() + value.as_str().map_or(5, |t| t.chars().count()))
        .sum();
    if length > MAX_INPUTS_LENGTH {
        return Err(refuse(format!(
            "inputs are too large: {length} characters, at most {MAX_INPUTS_LENGTH} are allowed"
        )));
    }
    Ok(())
}

fn check_names(declared: &[Input], provided: &Map<String, Json>) -> Result<(), DispatchError> {
    let unknown: Vec<&String> =
        provided.keys().filter(|name| !declared.iter().any(|input| input.name == **name)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(refuse(format!("Unexpected inputs provided: {unknown:?}")))
}

/// The text of an input: as given, else its default, else empty (`false` for a boolean). An empty
/// value counts as not given, as in GitHub's form.
fn resolve(input: &Input, given: Option<&Json>) -> Result<String, DispatchError> {
    let given = match given {
        None | Some(Json::Null) => None,
        Some(Json::String(text)) => Some(text.clone()),
        Some(Json::Bool(flag)) => Some(flag.to_string()),
        Some(Json::Number(number)) => Some(number.to_string()),
        Some(Json::Array(_) | Json::Object(_)) => {
            return Err(refuse(format!("Provided value for input '{}' is not text", input.name)));
        }
    };
    if let Some(text) = given.filter(|text| !text.is_empty()) {
        check_value(input, &text)?;
        return Ok(text);
    }
    match (&input.default, input.kind) {
        (Some(default), _) => Ok(default.clone()),
        (None, _) if input.required => {
            Err(refuse(format!("Required input '{}' not provided", input.name)))
        }
        (None, InputKind::Boolean) => Ok("false".to_owned()),
        (None, _) => Ok(String::new()),
    }
}

fn check_value(input: &Input, text: &str) -> Result<(), DispatchError> {
    let problem = match input.kind {
        InputKind::String | InputKind::Environment => return Ok(()),
        InputKind::Boolean if matches!(text, "true" | "false") => return Ok(()),
        InputKind::Number if text.trim().parse::<f64>().is_ok() => return Ok(()),
        InputKind::Choice if input.options.iter().any(|option| option == text) => return Ok(()),
        InputKind::Boolean | InputKind::Choice => "not in the list of allowed values",
        InputKind::Number => "is not a number",
    };
    Err(refuse(format!("Provided value '{text}' for input '{}' {problem}", input.name)))
}

/// GitHub promises typed values for booleans only; numbers stay text.
fn typed_value(kind: InputKind, text: String) -> Value {
    match kind {
        InputKind::Boolean => Value::Bool(text == "true"),
        InputKind::String | InputKind::Number | InputKind::Choice | InputKind::Environment => {
            Value::string(text)
        }
    }
}

fn refuse(message: impl Into<String>) -> DispatchError {
    DispatchError { message: message.into() }
}
