//! What a step does, by kind: `run` scripts, built-in actions, composite actions.
//!
//! Does not decide whether a step runs ([`crate::job`]). Invariant: the processes of a step have
//! names that only depend on the step's place, so a restarted runner finds them again.

mod composite;
mod execute;
mod file_commands;
mod process;
mod run;
mod shell;

pub(crate) use execute::{StepEnd, StepPlace, execute};
pub(crate) use process::Stop;
pub(crate) use run::print_environment;
