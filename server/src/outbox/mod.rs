//! Effects on the outside, written in the transaction that causes them.
//!
//! Does not know what an effect does. Invariant: an effect stays until it has happened or can never
//! happen; one that is asked for again while it is being sent is sent again.

mod backoff;
mod queries;

pub use backoff::retry_delay;
pub use queries::{Effect, claim, discard, enqueue, next_due, postpone};
