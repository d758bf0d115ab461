//! What a report consists of.

/// Entries of one report: tests, findings or lines of code.
pub(super) const MOST_ENTRIES: usize = 20_000;

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TestStatus {
    Passed,
    Failed,
    Skipped,
}

impl TestStatus {
    #[must_use]
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// One test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TestCase {
    pub(crate) suite: String,
    pub(crate) name: String,
    pub(crate) status: TestStatus,
    pub(crate) duration_ms: Option<i64>,
    /// Why it failed or was skipped.
    pub(crate) message: Option<String>,
}

/// Lines of code that tests have run through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Coverage {
    pub(crate) covered: i64,
    pub(crate) total: i64,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    Critical,
    High,
    Medium,
    Low,
    Note,
}

impl Severity {
    #[must_use]
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Note => "note",
        }
    }
}

/// What a tool complains about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) tool: String,
    pub(crate) rule: String,
    pub(crate) severity: Severity,
    pub(crate) message: String,
    pub(crate) path: Option<String>,
    pub(crate) line: Option<i32>,
}
