//! Fixes what does not depend on a job: the run's title and its concurrency group.
//!
//! Expands no matrix and evaluates no job.

use super::called::LoadedWorkflow;
use super::concurrency;
use super::run_plan::{ConcurrencySlot, PLAN_FORMAT, RunContexts, RunPlan};
use super::slot::{Slot, SlotError};
use crate::diagnostic::{Diagnostic, Position, Severity};
use crate::expr::{Environment, StatusView};
use crate::model::{Concurrency, Workflow};
use crate::template::TokenKind;

/// Fixes what a run will be asked to do. `default_title` is used where the file has no `run-name`.
///
/// # Errors
/// Diagnostics when `run-name` or `concurrency` cannot be evaluated, or when a job would wait for
/// the concurrency group of its own run.
pub fn plan(
    loaded: impl Into<LoadedWorkflow>,
    contexts: RunContexts,
    default_title: &str,
) -> Result<RunPlan, Vec<Diagnostic>> {
    let loaded = loaded.into();
    let workflow = &loaded.workflow;
    let mut diagnostics = deadlocks(workflow);
    let known = contexts.to_object();
    let status = StatusView::default();
    let environment = Environment { contexts: &known, status: &status, hash_files: None };
    let title = run_name(workflow, &environment, default_title);
    let slot = workflow.concurrency.as_ref().map(|c| concurrency::evaluate(c, &environment));
    match (title, slot.transpose()) {
        (Ok(display_title), Ok(concurrency)) if diagnostics.is_empty() => {
            Ok(build(loaded, contexts, display_title, concurrency))
        }
        (title, concurrency) => {
            let errors = [title.err(), concurrency.err()].into_iter().flatten();
            diagnostics.extend(errors.map(|error| evaluation_error(workflow, error)));
            Err(diagnostics)
        }
    }
}

fn build(
    loaded: LoadedWorkflow,
    contexts: RunContexts,
    display_title: String,
    concurrency: Option<ConcurrencySlot>,
) -> RunPlan {
    let LoadedWorkflow { workflow, source, called, default_permissions } = loaded;
    RunPlan {
        format: PLAN_FORMAT,
        workflow,
        source,
        called,
        default_permissions,
        contexts,
        display_title,
        concurrency,
    }
}

/// `run-name`, or the default when it is absent or evaluates to nothing but white space.
fn run_name(
    workflow: &Workflow,
    environment: &Environment<'_>,
    default_title: &str,
) -> Result<String, SlotError> {
    let evaluated = match &workflow.run_name {
        None => String::new(),
        Some(token) => Slot::new("run-name", token).text(environment)?,
    };
    let title = evaluated.trim();
    Ok(if title.is_empty() { default_title.to_owned() } else { title.to_owned() })
}

/// A job that waits for the group its own run holds would wait for ever.
fn deadlocks(workflow: &Workflow) -> Vec<Diagnostic> {
    let Some(group) = workflow.concurrency.as_ref().and_then(literal_group) else {
        return Vec::new();
    };
    let same = |concurrency: &Concurrency| {
        literal_group(concurrency).is_some_and(|g| g.to_lowercase() == group.to_lowercase())
    };
    let jobs = workflow.jobs.iter().filter(|job| job.concurrency.as_ref().is_some_and(same));
    jobs.map(|job| {
        let message = concurrency::deadlock(group, &job.id);
        error(workflow, job.position, "concurrency-deadlock", message)
    })
    .collect()
}

fn literal_group(concurrency: &Concurrency) -> Option<&str> {
    match &concurrency.group.kind {
        TokenKind::String(group) => Some(group),
        _ => None,
    }
}

fn evaluation_error(workflow: &Workflow, slot: SlotError) -> Diagnostic {
    let message = format!("Error when evaluating '{}'. {}", slot.key, slot.message);
    error(workflow, slot.position, "evaluation-error", message)
}

fn error(workflow: &Workflow, position: Position, code: &str, message: String) -> Diagnostic {
    Diagnostic {
        file: workflow.path.clone(),
        position: Some(position),
        severity: Severity::Error,
        code: code.to_owned(),
        message,
    }
}
