//! Deliveries for a server that GitHub does not reach: what has changed there is looked for.
//!
//! Knows of branches, tags and pull requests, and of no other events. Invariants: what was there when
//! polling began makes no delivery; what was seen is stored in the transaction of the delivery that it
//! makes, so that a restart repeats and loses none.

mod pass;
mod payloads;
mod pull_requests;
mod refs;
mod state;

pub use pass::{next_poll, poll_github};
