//! Whether what a job passes fits what the called file declares: inputs and secrets.
//!
//! Values are known only when the job starts; literals are checked here already. Invariant: names
//! are compared without regard to case.

use crate::diagnostic::{Diagnostic, Position, Severity};
use crate::model::{CallInput, CallJob, CallSecrets, InputKind, JobKind, Workflow, WorkflowCall};
use crate::plan::called::{FileSource, LoadedWorkflow, find};
use crate::template::{Token, TokenKind};

/// The errors of every call in every file.
pub(super) fn check(loaded: &LoadedWorkflow) -> Vec<Diagnostic> {
    let mut errors = calls_of(loaded, &loaded.workflow, loaded.source.as_ref());
    for file in &loaded.called {
        errors.extend(calls_of(loaded, &file.workflow, Some(&file.source)));
    }
    errors
}

fn calls_of(
    loaded: &LoadedWorkflow,
    workflow: &Workflow,
    source: Option<&FileSource>,
) -> Vec<Diagnostic> {
    let mut found = Found { file: &workflow.path, errors: Vec::new() };
    for job in &workflow.jobs {
        let JobKind::Call(call) = &job.kind else { continue };
        let called = find(&loaded.called, &call.uses, source);
        if let Some(declared) = called.and_then(|called| called.workflow.call()) {
            inputs(&mut found, call, declared);
            secrets(&mut found, call, declared);
        }
    }
    found.errors
}

struct Found<'a> {
    file: &'a str,
    errors: Vec<Diagnostic>,
}

impl Found<'_> {
    fn error(&mut self, position: Position, code: &str, message: String) {
        self.errors.push(Diagnostic {
            file: self.file.to_owned(),
            position: Some(position),
            severity: Severity::Error,
            code: code.to_owned(),
            message,
        });
    }
}

fn inputs(found: &mut Found<'_>, call: &CallJob, declared: &WorkflowCall) {
    for (name, value) in &call.with {
        match declared.inputs.iter().find(|input| input.name.eq_ignore_ascii_case(name)) {
            None => {
                let message =
                    format!("Invalid input, {name} is not defined in the referenced workflow.");
                found.error(value.position, "unknown-input", message);
            }
            Some(input) => literal(found, input, value),
        }
    }
    let is_given = |input: &CallInput| {
        call.with.iter().any(|(name, _)| name.eq_ignore_ascii_case(&input.name))
    };
    for input in declared.inputs.iter().filter(|input| input.required && !is_given(input)) {
        let message = format!("Input {} is required, but not provided while calling.", input.name);
        found.error(call.uses_position, "missing-input", message);
    }
}

/// A literal of the wrong type; a scalar of any type is a text where a text is wanted.
fn literal(found: &mut Found<'_>, input: &CallInput, value: &Token) {
    let fits = match (input.kind, &value.kind) {
        (_, TokenKind::Expression(_)) => true,
        (InputKind::Boolean, kind) => matches!(kind, TokenKind::Bool(_)),
        (InputKind::Number, kind) => matches!(kind, TokenKind::Number(_)),
        (InputKind::String | InputKind::Choice | InputKind::Environment, _) => true,
    };
    if !fits {
        let text = value.literal_text().unwrap_or_default();
        found.error(value.position, "unexpected-value", format!("Unexpected value '{text}'"));
    }
}

fn secrets(found: &mut Found<'_>, call: &CallJob, declared: &WorkflowCall) {
    let given: &[(String, Token)] = match &call.secrets {
        // What the caller has is known only when a job starts.
        CallSecrets::Inherit => return,
        CallSecrets::None => &[],
        CallSecrets::Named(given) => given,
    };
    for (name, value) in given {
        if !declared.secrets.iter().any(|secret| secret.name.eq_ignore_ascii_case(name)) {
            let message =
                format!("Invalid secret, {name} is not defined in the referenced workflow.");
            found.error(value.position, "unknown-secret", message);
        }
    }
    for secret in declared.secrets.iter().filter(|secret| secret.required) {
        if !given.iter().any(|(name, _)| name.eq_ignore_ascii_case(&secret.name)) {
            let message =
                format!("Secret {} is required, but not provided while calling.", secret.name);
            found.error(call.uses_position, "missing-secret", message);
        }
    }
}
