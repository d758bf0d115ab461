//! The engine as a job sees it: a socket behind which there is nothing but what the job made
//! (`reliability-security` 4.4).
//!
//! Requests are read, changed and passed on to the engine; what a job names gets a prefix that nobody
//! else knows, so jobs beside each other use the same names and do not notice. Does not keep anything in
//! memory: ownership is a label. Invariant: a request is passed on only when its route, every key of its
//! body and every object that it names is known to be harmless; everything else is refused with a reason.

mod binds;
mod body;
mod build;
mod containers;
mod create;
mod door;
mod engine;
mod host_config;
mod images;
mod names;
mod networks;
mod ports;
mod refusal;
mod serve;
mod start;
mod target;
mod volumes;

pub(crate) use binds::Places;
pub(super) use names::own_names;
pub use serve::{EngineSocket, OpenSocket};
