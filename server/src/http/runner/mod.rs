//! What runners call: registration, lease, renew, steps, log, complete.
//!
//! Paths and meanings: `gantry_protocol::routes`. Invariant: who calls is known from the token, and
//! every call about a job names its lease.

mod caller;
mod jobs;
mod registration;

pub(super) use jobs::{append_log, complete, lease, renew, store_summary, update_steps};
pub(super) use registration::register;
