//! One job from its lease to its end: set up, its steps in order, and what comes after them.
//!
//! Does not lease jobs ([`crate::listener`]) and does not know engines ([`crate::container`]).
//! Invariant: at any moment the runner may be killed, and the next one goes on with the job.

mod announce;
mod background_steps;
mod container_request;
mod engine_socket;
mod finish;
mod front_door;
mod head;
mod remove;
mod requests;
mod run;
mod services;
mod set_up;
mod start;
mod step_loop;
mod take;
mod times;

pub(crate) use remove::remove;
pub(crate) use run::run;
