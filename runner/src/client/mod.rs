//! The server as the runner sees it: one method per route of [`gantry_protocol::routes`].
//!
//! Does not know jobs. Invariant: an error says whether trying again can help, and a repeated call
//! is always safe because the protocol makes it so.

mod error;
mod retry;
mod server;

pub(crate) use error::ClientError;
pub(crate) use retry::{Backoff, persistently};
pub(crate) use server::{ServerClient, register};
