//! What a step does, by kind: `run` scripts, built-in actions, composite actions; and the order in
//! which any step is evaluated.
//!
//! Does not go through a job's steps ([`crate::job`]). Invariant: the processes of a step have names
//! that only depend on the step's place, so a restarted runner finds them again.

mod checkout;
mod composite;
mod execute;
mod file_commands;
mod process;
mod run;
mod shell;
mod step_run;
mod unsupported;

pub(crate) use step_run::{EndedStep, Surroundings, prepare, run};
pub(crate) use unsupported::unsupported;
