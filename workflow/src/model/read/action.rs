//! An `action.yml` from text to model (`semantics` 1.9).

use super::action_runs;
use super::keys::{Keys, named};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Action, ActionInput};
use crate::schema::ACTION;
use crate::template::{self, Token, TokenKind};
use crate::yaml;

/// The stages are those of a workflow file; anchors are refused, as GitHub's runner does.
pub(in crate::model) fn read(path: &str, text: &str) -> (Option<Action>, Vec<Diagnostic>) {
    let mut diagnostics = Diagnostics::new(path);
    let root = match yaml::parse_without_anchors(text) {
        Ok(node) => Some(template::read(node, &ACTION, &mut diagnostics)),
        Err(error) => {
            diagnostics.error(error.position, error.code, error.message);
            None
        }
    };
    let action = root
        .filter(|_| !diagnostics.has_errors())
        .and_then(|root| action(&mut diagnostics, path, root));
    (action.filter(|_| !diagnostics.has_errors()), diagnostics.into_sorted())
}

fn action(diagnostics: &mut Diagnostics, path: &str, root: Token) -> Option<Action> {
    let mut keys = Keys::of(root);
    let inputs = keys.take("inputs").map(named).into_iter().flatten();
    let outputs = keys.take("outputs").map(named).into_iter().flatten();
    let Some(runs) = keys.take("runs") else {
        let message = format!("Top level 'runs:' section is required for {path}");
        diagnostics.error(None, "missing-property", message);
        return None;
    };
    Some(Action {
        path: path.to_owned(),
        name: keys.take_text("name").filter(|name| !name.is_empty()),
        description: keys.take_text("description").filter(|text| !text.is_empty()),
        inputs: inputs.map(|(name, _, body)| input(name, body)).collect(),
        outputs: outputs.map(|(name, _, body)| (name, Keys::of(body).take("value"))).collect(),
        runs: action_runs::read(diagnostics, runs, path)?,
    })
}

fn input(name: String, body: Token) -> ActionInput {
    let mut keys = Keys::of(body);
    ActionInput {
        name,
        description: keys.take_text("description"),
        required: keys.take("required").is_some_and(|token| says_yes(&token)),
        default: keys.take("default"),
        deprecation_message: keys.take_text("deprecationMessage"),
    }
}

/// `required` may be of any type here; authors write it as a boolean or as a text.
fn says_yes(required: &Token) -> bool {
    match &required.kind {
        TokenKind::Bool(value) => *value,
        TokenKind::String(text) => text.eq_ignore_ascii_case("true"),
        _ => false,
    }
}
