//! Started containers that wait for a job, so that it need not wait for them (`design` 4).
//!
//! A warm container is what a job without services and options would get, with the shim as its first
//! process and nothing else in it. Does not know jobs. Invariant: whoever takes a container gets it
//! for itself; it is never given to anybody else, and never put back.

mod keep;
mod make;
mod pool;
mod wanted;

pub(crate) use keep::keep;
pub(crate) use make::{Maker, Warm, plain_spec};
pub(crate) use pool::WarmPool;
