//! A private PostgreSQL cluster in the data directory: found, created, started, watched, stopped.
//!
//! Uses the machine's PostgreSQL programs and downloads nothing. It listens on a unix socket only,
//! lets in only the operating system's user that runs this server, and keeps fsync on.
//!
//! Life: a dedicated thread runs `postgres` as a child and starts it again when it dies. When this
//! server is killed the database lives on as an orphan; the next start ends it in an orderly way
//! (which flushes everything) and starts its own. The caller holds the lock of the data directory,
//! so that an orphan is never a database somebody uses.

mod account;
mod binaries;
mod cluster;
mod error;
mod orphan;
mod postgres;
mod socket;
mod supervisor;

pub use error::EmbeddedError;
pub use postgres::{EmbeddedOptions, EmbeddedPostgres};
