//! Parsers of what a job writes: workflow commands, file commands, masks, problem matchers.
//!
//! Everything here is pure: it neither writes logs nor changes a job. Invariant: no text that a job
//! writes is an error of ours; it is plain output, a command, or a failure with GitHub's words.

mod annotation;
mod encoding;
mod file;
mod filter;
mod line;
mod mask;
mod matcher;
mod parsed;

pub use annotation::{Annotation, AnnotationLevel};
pub use file::{
    EnvFile, FileCommandError, Pairs, check_summary_size, parse_env, parse_pairs, parse_path,
};
pub use filter::{CommandFilter, FilterOptions, Outcome, unprocessed};
pub use line::{RawCommand, parse_line};
pub use mask::{MaskError, Masker};
pub use matcher::{Issue, MatcherConfig, Matchers, PatternConfig, Scan, parse_matchers};
pub use parsed::Command;

#[cfg(test)]
mod tests;
