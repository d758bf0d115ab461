//! Identity tokens: with which a job shows who it is to others, without any secret.
//!
//! Does not decide who may ask; the job's permissions do, when its message is made. Invariants: a claim
//! comes from the run's plan and our own rows, never from the job; a key is shown before it signs, and as
//! long as a token of its lives.

mod claims;
mod discovery;
mod issue;
mod keys;

pub use discovery::discovery;
pub use issue::issue;
pub use keys::{key_set, seal_keys_anew};
