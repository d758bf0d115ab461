//! A server on a free port with a database of its own.

mod database;
mod fake_runner;
mod pipeline;
mod rows;
mod running_job;
mod sealed;
mod server;

pub(crate) use fake_runner::{End, FakeRunner};
pub(crate) use pipeline::{Delivery, GitRepository, signature};
pub(crate) use rows::NewJob;
pub(crate) use running_job::{Cause, RunningJob};
pub(crate) use sealed::seal;
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
