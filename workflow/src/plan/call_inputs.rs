//! The `inputs` of a called workflow (`semantics` 4.7), once the calling job may start.
//!
//! Does not check names: the loader has. Invariant: every declared input has a value of its type.

use super::slot::{Slot, SlotError};
use crate::expr::{Environment, Object, Value};
use crate::model::{CallInput, CallJob, InputKind, WorkflowCall};

/// The `inputs` context of what `call` calls. `caller` is what the calling job sees.
pub(crate) fn evaluate(
    call: &CallJob,
    declared: &WorkflowCall,
    caller: &Environment<'_>,
) -> Result<Value, SlotError> {
    // A default sees what both files see.
    let shared: Object = ["github", "vars"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), caller.contexts.get(name)?.clone())))
        .collect();
    let shared = Environment { contexts: &shared, ..*caller };
    let mut inputs = Object::default();
    for input in &declared.inputs {
        let given = call.with.iter().find(|(name, _)| name.eq_ignore_ascii_case(&input.name));
        let value = match (given, &input.default) {
            (Some((_, token)), _) => typed(Slot::new("with", token), input, caller)?,
            (None, Some(token)) => typed(Slot::new("default", token), input, &shared)?,
            (None, None) => absent(input.kind),
        };
        inputs.entries.insert(input.name.clone(), value);
    }
    Ok(Value::Object(inputs.into()))
}

/// Nothing is converted but scalars to text: users have to write `fromJSON`.
fn typed(
    slot: Slot<'_>,
    input: &CallInput,
    environment: &Environment<'_>,
) -> Result<Value, SlotError> {
    match input.kind {
        InputKind::Boolean => slot.boolean(environment).map(Value::Bool),
        InputKind::Number => slot.number(environment).map(Value::Number),
        InputKind::String | InputKind::Choice | InputKind::Environment => {
            slot.text(environment).map(Value::string)
        }
    }
}

fn absent(kind: InputKind) -> Value {
    match kind {
        InputKind::Boolean => Value::Bool(false),
        InputKind::Number => Value::Number(0.0),
        InputKind::String | InputKind::Choice | InputKind::Environment => Value::string(""),
    }
}
