//! `gantry check`: reads workflow and action files and says what is wrong with them.
//!
//! Does not run anything and asks no network. Invariant: a file that could not be read is never
//! passed over in silence.

mod command;
mod find;
mod snippet;
mod summary;

pub(crate) use command::CheckArguments;
pub(super) use command::run;
pub(super) use find::workflows_here;
pub(super) use snippet::{Style, render};
