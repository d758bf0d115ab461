//! The pool, the migrations, and the embedded PostgreSQL.
//!
//! Knows no table. Invariant: every connection of the pool has time limits for statements, locks
//! and idle transactions.

mod embedded;
mod pool;

pub use embedded::{EmbeddedError, EmbeddedOptions, EmbeddedPostgres};
pub use pool::{MIGRATOR, OpenError, open};
