//! Evaluates the keys of one leg that the server needs before a runner takes it
//! (`semantics` 4.2, point 5).
//!
//! Containers, services, `env` and steps stay templates: the runner evaluates them.

use super::scope::Scope;
use super::transition::NewLeg;
use crate::expr::{Environment, Object, StatusView, Value};
use crate::model::{CallJob, Job, JobKind, StepsJob};
use crate::plan::slot::{Slot, SlotError, text_of, unexpected};
use crate::plan::{call_inputs, concurrency};
use crate::template::{Token, TokenKind};

/// Minutes a job may take when the file does not say (`limits` page of GitHub's documentation).
const DEFAULT_TIMEOUT_MINUTES: u32 = 360;

/// Minutes a job may go on after it was told to cancel, when the file does not say.
const DEFAULT_CANCEL_TIMEOUT_MINUTES: u32 = 5;

/// What is known of a leg before its keys are evaluated.
pub(super) struct LegPlace {
    pub(super) default_name: String,
    pub(super) matrix: Value,
    pub(super) strategy: Value,
}

/// The leg at `place`.
pub(super) fn evaluate(
    scope: &Scope<'_>,
    job: &Job,
    (contexts, place): (&Object, LegPlace),
) -> Result<NewLeg, SlotError> {
    let mut contexts = contexts.clone();
    contexts.entries.insert("strategy".to_owned(), place.strategy.clone());
    contexts.entries.insert("matrix".to_owned(), place.matrix.clone());
    let status = StatusView::default();
    let environment = Environment { contexts: &contexts, status: &status, hash_files: None };
    let concurrency = job.concurrency.as_ref().map(|c| concurrency::evaluate(c, &environment));
    let leg = NewLeg {
        name: scope.display_name(&name(job, &environment, place.default_name)?),
        runs_on: Vec::new(),
        environment: None,
        continue_on_error: false,
        timeout_minutes: DEFAULT_TIMEOUT_MINUTES,
        cancel_timeout_minutes: DEFAULT_CANCEL_TIMEOUT_MINUTES,
        concurrency: concurrency.transpose()?,
        matrix: place.matrix,
        strategy: place.strategy,
        call: None,
    };
    match &job.kind {
        JobKind::Steps(steps) => with_steps(leg, steps, &environment),
        JobKind::Call(call) => with_call(leg, (scope, call), &environment),
    }
}

fn with_steps(
    leg: NewLeg,
    steps: &StepsJob,
    environment: &Environment<'_>,
) -> Result<NewLeg, SlotError> {
    Ok(NewLeg {
        runs_on: runs_on(&steps.runs_on, environment)?,
        environment: environment_name(steps, environment)?,
        continue_on_error: match &steps.continue_on_error {
            None => false,
            Some(token) => Slot::new("continue-on-error", token).boolean(environment)?,
        },
        timeout_minutes: minutes(
            steps.timeout_minutes.as_ref().map(|token| Slot::new("timeout-minutes", token)),
            environment,
            DEFAULT_TIMEOUT_MINUTES,
        )?,
        cancel_timeout_minutes: minutes(
            steps
                .cancel_timeout_minutes
                .as_ref()
                .map(|token| Slot::new("cancel-timeout-minutes", token)),
            environment,
            DEFAULT_CANCEL_TIMEOUT_MINUTES,
        )?,
        ..leg
    })
}

/// A group of the called file holds the whole call, unless the calling job is in one already.
fn with_call(
    leg: NewLeg,
    (scope, call): (&Scope<'_>, &CallJob),
    environment: &Environment<'_>,
) -> Result<NewLeg, SlotError> {
    let not_loaded = || SlotError {
        key: "uses",
        position: call.uses_position,
        message: format!("`{}` is not among the files of this run", call.uses),
    };
    let called = &scope.called(call).ok_or_else(not_loaded)?.workflow;
    let declared = called.call().ok_or_else(not_loaded)?;
    let inputs = call_inputs::evaluate(call, declared, environment)?;
    let own_group = match &called.concurrency {
        Some(concurrency) if leg.concurrency.is_none() => {
            let mut contexts = scope.contexts();
            contexts.entries.insert("inputs".to_owned(), inputs.clone());
            let environment = Environment { contexts: &contexts, ..*environment };
            Some(concurrency::evaluate(concurrency, &environment)?)
        }
        _ => leg.concurrency,
    };
    Ok(NewLeg { call: Some(inputs), concurrency: own_group, ..leg })
}

/// A `name` with an expression replaces the default, unless it is empty.
fn name(job: &Job, environment: &Environment<'_>, default: String) -> Result<String, SlotError> {
    match &job.name {
        Some(token) if matches!(token.kind, TokenKind::Expression(_)) => {
            let name = Slot::new("name", token).text(environment)?;
            Ok(if name.is_empty() { default } else { name })
        }
        _ => Ok(default),
    }
}

fn runs_on(token: &Token, environment: &Environment<'_>) -> Result<Vec<String>, SlotError> {
    let slot = Slot::new("runs-on", token);
    let value = slot.value(environment)?;
    let labels = match &value {
        Value::Object(mapping) => {
            if mapping.get("group").is_some_and(Value::truthy) {
                return Err(slot.error("Runner groups are not supported yet; use labels"));
            }
            labels(mapping.get("labels").unwrap_or(&Value::Null))
        }
        other => labels(other),
    };
    labels.map_err(|message| slot.error(message))
}

/// One label, or a sequence of at least one.
fn labels(value: &Value) -> Result<Vec<String>, String> {
    let found = match value {
        Value::Array(items) => items.iter().map(text_of).collect::<Result<Vec<_>, _>>()?,
        other => vec![text_of(other)?],
    };
    if found.is_empty() {
        return Err("Expected at least one runner label".to_owned());
    }
    if found.iter().any(|label| label.trim().is_empty()) {
        return Err(unexpected(&Value::string("")));
    }
    Ok(found)
}

/// An empty name means no environment.
fn environment_name(
    steps: &StepsJob,
    environment: &Environment<'_>,
) -> Result<Option<String>, SlotError> {
    let Some(declared) = &steps.environment else { return Ok(None) };
    let slot = Slot::new("environment", &declared.name);
    let resolved = declared.resolve(environment).map_err(|error| slot.error(error.message))?;
    let name = Slot::new("environment", &resolved.name).text(environment)?;
    Ok(Some(name).filter(|name| !name.is_empty()))
}

/// Fractions are cut off; zero and less mean the default.
fn minutes(
    slot: Option<Slot<'_>>,
    environment: &Environment<'_>,
    default: u32,
) -> Result<u32, SlotError> {
    let Some(slot) = slot else { return Ok(default) };
    let minutes = slot.number(environment)?;
    Ok(whole(minutes).filter(|minutes| *minutes > 0).unwrap_or(default))
}

/// The whole part of a number; `None` for NaN and below zero.
pub(super) fn whole(number: f64) -> Option<u32> {
    if number.is_nan() || number < 0.0 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "float casts saturate; negatives are out")]
    #[expect(clippy::cast_sign_loss, reason = "negatives are out")]
    Some(number as u32)
}
