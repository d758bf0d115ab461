//! `cargo xtask demo`: the reference team's pipeline on a fresh server, from one command.
//!
//! Does what a user would do, through the `gantry` command and the REST API; no short cut into the
//! server.

mod application;
mod repository;
mod server;
mod story;
mod terminal;
mod watch;

pub(crate) use story::{Arguments, run};

/// `owner/name` under which the example is registered.
const REPOSITORY: &str = "hotgigs/hotgigs";
