//! Reports in artifacts become data: tests per run, coverage, findings.
//!
//! Does not keep the artifacts ([`crate::artifacts`]). Invariant: an artifact is looked into once, and what
//! it says is stored whole or not at all.

mod archive;
mod blob_file;
mod parse;
mod scan;
mod store;
mod tests_view;
mod view;

pub use scan::scan_artifacts;
pub use tests_view::{FailingSince, TestView, TestsView};
pub use view::{CoverageView, FindingView, FindingsView, ReportsView, of_run};
