//! Every route, grouped by who calls. Handlers extract, authorize, call one domain function, and
//! shape the answer; no SQL here.

pub mod error;
pub mod rest;
pub mod runner;
pub mod web;

pub use error::ApiError;
