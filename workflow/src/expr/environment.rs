//! What an expression may name, and what it is evaluated against.

use std::borrow::Cow;
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

/// The contexts that GitHub has.
const CONTEXTS: [&str; 12] = [
    "github", "env", "needs", "steps", "matrix", "inputs", "secrets", "vars", "runner", "job",
    "strategy", "jobs",
];

impl Allowed {
    /// For expressions that were checked before: any context, every function.
    pub const ANYTHING: Self =
        Self { contexts: &["*"], status_functions: true, status_arguments: true, hash_files: true };

    /// Where expressions may not stand: what names something is told so, the rest is not allowed.
    pub const NOTHING: Self =
        Self { contexts: &[], status_functions: false, status_arguments: false, hash_files: false };

    /// The lower-case name of the context called `name`, in any case, if it may be used.
    pub(super) fn context(&self, name: &str) -> Option<Cow<'static, str>> {
        let called = |names: &[&'static str]| {
            names.iter().find(|known| known.eq_ignore_ascii_case(name)).map(|it| Cow::Borrowed(*it))
        };
        if self.contexts == Self::ANYTHING.contexts {
            return called(&CONTEXTS).or_else(|| Some(Cow::Owned(name.to_ascii_lowercase())));
        }
        called(self.contexts)
    }
}
