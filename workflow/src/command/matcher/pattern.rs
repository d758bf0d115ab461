//! A matcher's regular expression, compiled.
//!
//! Invariant: matching ends after a bounded number of steps.

use fancy_regex::{Regex, RegexBuilder};

use super::dialect::translate;

/// Steps of backtracking on one line. GitHub's runner gives a pattern one second, which is about as
/// much; a number of steps is the same on every machine.
const MOST_BACKTRACKS: usize = 1_000_000;

/// Bytes of a compiled pattern.
const LARGEST_BYTES: usize = 4 * 1024 * 1024;

/// Compiles an ECMAScript regular expression.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(&translate(pattern))
        .backtrack_limit(MOST_BACKTRACKS)
        .delegate_size_limit(LARGEST_BYTES)
        .build()
        .map_err(|error| format!("Invalid pattern '{pattern}'. {error}"))
}
