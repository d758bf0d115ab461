//! What an expression may name, and what it is evaluated against.

use std::fmt;

use super::value::Object;

/// The contexts and functions an expression may name at its place in a file (`semantics` 2.9).
#[derive(Clone, Copy, Debug)]
pub struct Allowed {
    /// Lower-case context names.
    pub contexts: &'static [&'static str],
    /// `always`, `cancelled`, `success`, `failure` are known here.
    pub status_functions: bool,
    /// `success('job')` and `failure('job')` take job ids (only in a job's `if`).
    pub status_arguments: bool,
    pub hash_files: bool,
}

/// What the status functions answer at this place.
#[derive(Clone, Debug, Default)]
pub struct StatusView {
    pub success: bool,
    pub failure: bool,
    pub cancelled: bool,
    /// Results (`success`, `failure`, `cancelled`, `skipped`) by job id, for `success('a')`.
    pub results: Vec<(String, String)>,
}

/// Everything an evaluation reads.
#[derive(Clone, Copy)]
pub struct Environment<'a> {
    /// The contexts by name: `github`, `env`, `needs`, ...
    pub contexts: &'a Object,
    pub status: &'a StatusView,
    /// `hashFiles`, available on the runner only; takes the patterns, answers lower-case hex or ''.
    pub hash_files: Option<&'a HashFiles<'a>>,
}

/// Patterns to the hash, or to what went wrong in words for the user.
pub type HashFiles<'a> = dyn Fn(&[String]) -> Result<String, String> + 'a;

impl fmt::Debug for Environment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment").field("contexts", &self.contexts).finish_non_exhaustive()
    }
}

impl Allowed {
    /// For expressions that were checked before: any context, every function.
    pub const ANYTHING: Self =
        Self { contexts: &["*"], status_functions: true, status_arguments: true, hash_files: true };

    /// Where expressions may not stand: what names something is told so, the rest is not allowed.
    pub const NOTHING: Self =
        Self { contexts: &[], status_functions: false, status_arguments: false, hash_files: false };

    /// Whether the context with this lower-case name may be used.
    pub(super) fn has_context(&self, name: &str) -> bool {
        self.contexts.iter().any(|context| *context == name || *context == "*")
    }
}
