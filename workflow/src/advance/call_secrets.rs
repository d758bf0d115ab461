//! The secrets that a called job sees (`semantics` 4.7): those that each caller on the way to it
//! has passed on.
//!
//! Knows no store; the environment's own secrets are added by whoever asks. Invariant: without
//! `inherit`, what no caller names reaches no called job.

use std::collections::BTreeMap;

use super::condition::error_text;
use super::needs::contexts_of;
use super::scope::Scope;
use super::state::{Call, RunState};
use crate::expr::{Environment, StatusView, Value};
use crate::model::{CallJob, CallSecrets, Job, JobId, JobKind};
use crate::plan::RunPlan;
use crate::plan::slot::{Slot, SlotError};

/// Names in upper case, and values.
pub type Secrets = BTreeMap<String, String>;

/// What the job `key` sees of the `own` secrets of the run's repository.
///
/// # Errors
/// GitHub's text when a value cannot be evaluated, or a required secret is missing or empty.
pub fn secrets_of_job(
    plan: &RunPlan,
    state: &RunState,
    key: &JobId,
    own: Secrets,
) -> Result<Secrets, String> {
    let Some(callers) = Scope::callers_of(plan, state, key) else { return Ok(own) };
    let mut secrets = own;
    for (scope, job, call) in &callers {
        let JobKind::Call(call_job) = &job.kind else { continue };
        secrets = passed_on(scope, (job, call_job, call), secrets)?;
    }
    Ok(secrets)
}

fn passed_on(
    scope: &Scope<'_>,
    (job, call_job, call): (&Job, &CallJob, &Call),
    visible: Secrets,
) -> Result<Secrets, String> {
    let in_words = |error: SlotError| error_text(scope, None, &error);
    let passed = match &call_job.secrets {
        CallSecrets::None => Secrets::new(),
        CallSecrets::Inherit => visible,
        CallSecrets::Named(named) => {
            let mut contexts = contexts_of(scope, job);
            let secrets = visible.into_iter().map(|(name, value)| (name, Value::string(value)));
            let parts = [
                ("matrix", call.matrix.clone()),
                ("strategy", call.strategy.clone()),
                ("secrets", Value::object(secrets)),
            ];
            contexts.entries.extend(parts.map(|(name, value)| (name.to_owned(), value)));
            let status = StatusView::default();
            let environment =
                Environment { contexts: &contexts, status: &status, hash_files: None };
            let mut passed = Secrets::new();
            for (name, token) in named {
                let value = Slot::new("secrets", token).text(&environment).map_err(in_words)?;
                passed.insert(name.to_uppercase(), value);
            }
            passed.retain(|_, value| !value.is_empty());
            passed
        }
    };
    match missing(scope, call_job, &passed) {
        None => Ok(passed),
        Some(name) => Err(in_words(SlotError {
            key: "secrets",
            position: call_job.uses_position,
            message: format!("Secret {name} is required, but not provided while calling."),
        })),
    }
}

/// The first secret that the called file requires and does not get.
fn missing(scope: &Scope<'_>, call: &CallJob, passed: &Secrets) -> Option<String> {
    let declared = scope.called(call)?.workflow.call()?;
    let is_there = |name: &str| passed.get(&name.to_uppercase()).is_some_and(|v| !v.is_empty());
    let required = declared.secrets.iter().filter(|secret| secret.required);
    required.map(|secret| &secret.name).find(|name| !is_there(name)).cloned()
}
