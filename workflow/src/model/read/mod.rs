//! From checked tokens to the model: ids, needs, conditions, `uses`, triggers.
//!
//! Runs only on files the table of keys has accepted, so a key has the shape the table gives it.
//! Invariant: nothing a file says is dropped without a diagnostic.

mod action;
mod action_runs;
mod both_levels;
mod call;
mod condition;
mod container;
mod control_steps;
mod cron;
mod identifier;
mod inputs;
mod job;
mod jobs;
mod keys;
mod matrix;
mod needs;
mod on;
mod snapshot;
mod step_ids;
mod steps;
mod uses;
mod workflow;

pub(super) use action::read as read_action;
pub(super) use both_levels::{concurrency, run_defaults};
pub(super) use job::{environment, strategy};
pub(super) use workflow::read as read_workflow;
