//! What a checked workflow file says, as types. Built from tokens, never from a user's text by serde.
//!
//! The types serialize, because plans are stored and job messages are sent; expressions travel as
//! their text. Does not decide what runs: see [`crate::trigger`], [`crate::plan`] and
//! [`crate::advance`].

mod action;
mod call;
mod job;
mod on;
mod read;
mod referenced;
mod resolve;
mod step;
mod workflow;

pub use action::{Action, ActionImage, ActionInput, ActionRuns, DockerAction, NodeAction};
pub use call::{CallInput, CallJob, CallSecret, CallSecrets, CallUses, WorkflowCall};
pub use job::{Environment, Job, JobId, JobKind, RunDefaults, StepsJob, Strategy};
pub use on::{EventTrigger, Filters, Input, InputKind, Schedule};
pub use referenced::ReferencedSecrets;
pub use step::{Step, StepKind, Uses};
pub use workflow::{Access, Concurrency, Permissions, Workflow};

use crate::diagnostic::Diagnostic;

/// Reads a workflow file. The workflow is absent when there is at least one error; diagnostics
/// (errors and warnings, in file order, at most [`crate::diagnostic::MAX_DIAGNOSTICS`] errors) may
/// come with it.
#[must_use]
pub fn read_workflow(path: &str, text: &str) -> (Option<Workflow>, Vec<Diagnostic>) {
    read::read_workflow(path, text)
}

/// Reads an `action.yml`; else as [`read_workflow`].
#[must_use]
pub fn read_action(path: &str, text: &str) -> (Option<Action>, Vec<Diagnostic>) {
    read::read_action(path, text)
}
