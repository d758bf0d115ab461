//! `gantry plan`: the runs and jobs an event would create, and why the others would not be.
//!
//! Starts nothing. What a workflow does is decided by `gantry_workflow` alone, as in the server;
//! here it is asked on the assumption that every job succeeds. Invariant: what only a real run could
//! tell is said to be unknown, never guessed.

mod called;
mod command;
mod draw;
mod forecast;
mod payload;
mod repository;
mod shape;
mod simulate;
mod start;
mod unknown;

pub(super) use called::load as load_called;
pub(crate) use command::PlanArguments;
pub(super) use command::{read_payload, run, show};
pub(super) use forecast::Asked;
pub(super) use payload::make as make_payload;
pub(super) use repository::LocalRepository;
pub(super) use start::{Start, start};
