//! Problem matchers: patterns that find messages about the code in what a tool prints
//! (`semantics` 5.10).
//!
//! Pure: does not open matcher files or look for the files that a tool names. Invariant: a pattern
//! costs a bounded amount of work per line, whatever its author wrote.

mod config;
mod dialect;
mod pattern;
mod scan;

pub use config::{MatcherConfig, PatternConfig, parse_matchers};
pub use scan::{Issue, Matchers, Scan};
