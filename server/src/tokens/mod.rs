//! What a job that runs proves itself with, to the services that its actions call.
//!
//! Signed, not stored. Does not serve anything. Invariant: a token is worth nothing once the job's
//! lease is over, whatever its own end says.

mod cache_access;
mod jwt;
mod runtime_token;

pub use cache_access::{CacheAccess, CacheSource, cache_access};
/// What the paths of old clients and of bytes begin with.
pub const URL_PREFIX: &str = "/toolkit";

pub use runtime_token::{JobCaller, Purpose, RuntimeGrant, issue, verify};
