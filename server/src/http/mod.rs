//! Every route, grouped by who calls. Handlers extract, authorize, call one domain function, and
//! shape the answer; no SQL here.

mod audited;
mod conditional;
mod described;
pub mod error;
pub mod extract;
mod git;
pub mod guard;
mod job_access;
pub mod links;
pub mod openapi;
pub mod rest;
mod router;
pub mod routes;
pub mod runner;
mod subject;
pub mod tls;
mod toolkit;
pub mod web;
mod webhook;

pub use error::ApiError;
pub use router::router;
