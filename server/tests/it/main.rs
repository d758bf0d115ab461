//! The server through its public faces, against a real PostgreSQL.
//!
//! Needs `DATABASE_URL` with the right to create databases; without it each test says that it was
//! skipped.

mod accounts;
mod events;
mod git;
mod harness;
mod page;
mod reporting;
mod rest;
mod secrets;
