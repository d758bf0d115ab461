//! Counters and the Prometheus page.
//!
//! Does not keep history. Invariant: what can be counted from rows is counted when the page is
//! asked for, so it is right after a restart.

mod gauges;
mod page;

pub use page::{install, render};
