//! A server on a free port with a database of its own.

mod database;
mod rows;
mod server;

pub(crate) use rows::NewJob;
pub(crate) use server::TestServer;

/// Runs a test with a fresh server, or says that it was skipped.
#[macro_export]
macro_rules! server_or_skip {
    () => {
        match $crate::harness::TestServer::start().await {
            Some(server) => server,
            None => return,
        }
    };
}
