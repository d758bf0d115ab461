//! The runner as a whole against a server that plays its part of the protocol: once with jobs as
//! plain processes, once with jobs in containers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails by its panic")]

mod actions;
mod background_steps;
mod cancel;
mod checkout;
mod confinement;
mod docker_actions;
mod engine_socket;
mod environment;
mod fake_server;
mod faults;
mod fixture;
mod images;
mod javascript;
mod registry;
mod repositories;
mod restart;
mod services;
mod steps;
mod submodules;
mod subtle;
mod tools;
mod warm;
