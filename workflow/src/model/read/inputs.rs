//! `inputs:` of `workflow_dispatch`.

use super::keys::{Keys, named};
use crate::diagnostic::Diagnostics;
use crate::model::{Input, InputKind};
use crate::template::Token;

/// Inputs a `workflow_dispatch` may have on GitHub; more are an error.
const MAX_DISPATCH_INPUTS: usize = 25;

pub(super) fn read(diagnostics: &mut Diagnostics, token: Option<Token>) -> Vec<Input> {
    let Some(token) = token else { return Vec::new() };
    let position = token.position;
    let inputs: Vec<Input> =
        named(token).map(|(name, _, body)| input(diagnostics, name, body)).collect();
    if inputs.len() > MAX_DISPATCH_INPUTS {
        let message = format!(
            "you may only define up to {MAX_DISPATCH_INPUTS} inputs for a `workflow_dispatch` event"
        );
        diagnostics.error(Some(position), "too-many-inputs", message);
    }
    inputs
}

fn input(diagnostics: &mut Diagnostics, name: String, body: Token) -> Input {
    let position = body.position;
    let mut keys = Keys::of(body);
    let kind = keys.take_text("type").map_or(InputKind::String, |word| kind(&word));
    let options = keys.take_texts("options");
    let mut error = |message: String| diagnostics.error(Some(position), "choice-input", message);
    match (kind, &options) {
        (InputKind::Choice, None) => error(format!("Missing 'options' for choice input '{name}'")),
        (InputKind::Choice, Some(_)) | (_, None) => {}
        (_, Some(_)) => error("Input type is not 'choice', but 'options' is defined".to_owned()),
    }
    Input {
        name,
        description: keys.take_text("description"),
        kind,
        required: keys.take_flag("required").unwrap_or(false),
        default: keys.take_text("default"),
        options: options.unwrap_or_default(),
    }
}

fn kind(word: &str) -> InputKind {
    match word {
        "boolean" => InputKind::Boolean,
        "number" => InputKind::Number,
        "choice" => InputKind::Choice,
        "environment" => InputKind::Environment,
        _ => InputKind::String,
    }
}
