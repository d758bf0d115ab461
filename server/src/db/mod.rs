//! The pool, the migrations, and the embedded PostgreSQL.
//!
//! Knows no table. Invariant: every connection of the pool has time limits for statements, locks
//! and idle transactions.

mod embedded;
mod pool;
mod retry;
mod text;

pub use embedded::{EmbeddedError, EmbeddedOptions, EmbeddedPostgres};
pub use pool::{MIGRATOR, OpenError, open};
pub use retry::{is_passing, retry_idempotent};
pub use text::clean;
