//! Keeps a runner's slots busy: registers, leases, adopts what an earlier runner left, drains.
//!
//! Does not know what a job does. Invariant: a job that was leased is run, or its lease is left to
//! expire; it is never dropped in silence.

mod adopt;
mod claim;
mod job_locks;
mod keeper;
mod lock;
mod registration;
mod room;
mod serve;
mod slot;

pub use serve::{run, run_on};
