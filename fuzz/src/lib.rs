//! What holds for every text that the workflow language is given, however odd.
//!
//! Each function takes a text and panics when a promise is broken. libFuzzer drives them without end
//! (`cargo xtask fuzz`); `tests/short.rs` drives them for a moment, on any compiler. Invariant: the
//! same text gives the same answer.

#![expect(clippy::panic, clippy::expect_used, reason = "a broken promise is a panic")]

mod expression;
mod filter;
pub mod mutate;
mod workflow;
mod yaml;

pub use expression::expression;
pub use filter::filter;
pub use workflow::{action, workflow};
pub use yaml::yaml;

/// Longest text that is tried. The limits of the language are far below; longer texts only cost time.
const MAX_BYTES: usize = 1 << 16;

/// Runs `target` if `data` is text.
pub fn on_text(data: &[u8], target: fn(&str)) {
    if data.len() <= MAX_BYTES
        && let Ok(text) = std::str::from_utf8(data)
    {
        target(text);
    }
}
