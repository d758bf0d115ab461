//! The runner as a whole against a server that plays its part of the protocol: once with jobs as
//! plain processes, once with jobs in containers.

mod actions;
mod cancel;
mod environment;
mod fake_server;
mod fixture;
mod restart;
mod services;
mod steps;
