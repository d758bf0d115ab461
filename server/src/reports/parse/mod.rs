//! Text of reports to values: `JUnit`, Cobertura, LCOV, SARIF. Pure.
//!
//! What is read was written by a job, so it is hostile until proven otherwise. Invariants: no entity is
//! resolved and nothing is fetched; depth, entries and texts have limits, and a report that exceeds one is
//! refused as a whole.

mod cobertura;
mod entries;
mod junit;
mod kind;
mod lcov;
mod sarif;
mod xml;

pub(super) use entries::{Coverage, Finding, TestCase};
use entries::{MOST_ENTRIES, Severity, TestStatus};
pub(super) use kind::{MAX_REPORT_BYTES, Report, ReportKind, may_be_report, read};
