//! The runner's side of the shim, the first process of a job container (`design` 4).
//!
//! Does not know containers: whoever started the shim says in which directory its socket is.
//! Invariant: what is asked of a shim is idempotent by process name, so that a restarted runner
//! may simply ask again.

mod client;
#[path = "../../shim/file_wire.rs"]
mod file_wire;
mod program;
#[expect(dead_code, reason = "the shim uses the other half")]
#[path = "../../shim/wire.rs"]
mod wire;

pub(crate) use client::{Shim, ShimError, Started};
pub(crate) use file_wire::{DATA_BYTES, Entry, EntryKind, Frame, TOKEN_VARIABLE, write_data};
pub(crate) use program::{install, new_token, write_token};
pub(crate) use wire::{Exited, NewFile, OWN_PROGRAM, Start};
