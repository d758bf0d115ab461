//! Loads a workflow file with everything it calls (`semantics` 4.7).
//!
//! Reads nothing itself: a [`Loader`] asks for files and is given their texts. Invariant: what it
//! gives back has passed every check that needs no event.

mod calls;
mod loader;
mod permissions;
mod tree;

pub use loader::{FetchError, FetchedFile, FileRequest, Loaded, Loader};
