//! The runner's side of the shim, the first process of a job container (`design` 4).
//!
//! Does not know containers: whoever started the shim says in which directory its socket is.
//! Invariant: what is asked of a shim is idempotent by process name, so that a restarted runner
//! may simply ask again.

mod client;
mod program;
#[expect(dead_code, reason = "the shim uses the other half")]
#[path = "../../shim/wire.rs"]
mod wire;

pub(crate) use client::{Shim, ShimError, Started};
pub(crate) use program::{install, new_token, write_token};
pub(crate) use wire::{Exited, NewFile, Start};
