//! The blob store: objects through `object_store`, and blobs that are uploaded in blocks.
//!
//! Knows no domain: who refers to a blob is the callers' business. Invariants: keys are made of our own
//! numbers, never of names from outside, so nothing lies outside of the store's root; a blob that can
//! be read is whole and never changes again.

mod blocks;
mod commit;
mod download;
mod error;
mod ranges;
mod rows;
mod store;
mod sweep;

pub use blocks::{NewBlock, put_block};
pub use commit::{commit, digest};
pub use download::{Contents, contents};
pub use error::StorageError;
pub use ranges::{block_at, commit_ranges};
pub use rows::{Blob, BlobId, BlobKind, create, discard, find};
pub use store::open;
pub use sweep::sweep_blobs;
