//! `gantry expr`: evaluates expressions against contexts from a file.
//!
//! Knows no workflow, so it allows any context and every function. Invariant: values and error texts
//! are those a job would see.

mod answer;
mod command;

pub(crate) use command::ExprArguments;
pub(super) use command::run;
