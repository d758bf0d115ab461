//! The GitHub Actions workflow language: pure functions from text and values to values.
//!
//! This crate does no I/O, reads no clock, and knows neither Docker, nor a database, nor async.
//! Server, runner and command line share it, so that a file means the same thing everywhere.
//!
//! Invariant: nothing a user writes makes this crate panic; it answers with a [`Diagnostic`].

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    forbid(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::todo,
        clippy::unimplemented
    )
)]

pub mod advance;
pub mod command;
pub mod diagnostic;
pub mod expr;
pub mod model;
pub mod plan;
pub mod schema;
pub mod template;
pub mod trigger;
pub mod yaml;

pub use diagnostic::{Diagnostic, Position, Severity};
