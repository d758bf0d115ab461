//! `gantry serve`: database, server and runner in one program, started and stopped in order.
//!
//! Talks to the runner over HTTP alone. Invariant: what is started is stopped in the reverse
//! order, also when a later part does not start.

mod announce;
mod arguments;
mod data_dir;
mod database;
mod environment;
mod logging;
mod run;
mod runner;
mod sign_in;

pub(crate) use arguments::Arguments;
pub(crate) use run::run;
