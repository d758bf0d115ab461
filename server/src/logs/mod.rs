//! Logs: append, tail, archive.
//!
//! Does not know who may write; `jobs` checks the lease first. Invariant: the chunks of a job, by
//! sequence, are its log; they live in `log_chunks` or in the archive, never in neither.

mod archive;
mod chunks;
mod delete;
mod marks;
mod outline;
mod plain;
mod read;
mod search;

pub use archive::archive_logs;
pub use chunks::{append, count, discard};
pub use delete::{delete, exist};
pub use outline::{Outline, OutlinedChunk, outline};
pub use read::{LogPage, StoredChunk, chunks_after, page_after, texts};
pub use search::{Found, Hit, Places, places, search};
