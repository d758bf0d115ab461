//! Which kind of report a file is, by its name and its first element.

use super::{Coverage, Finding, TestCase, cobertura, junit, lcov, sarif, xml};

/// Largest report that is read; a larger one is named and passed over.
pub(crate) const MAX_REPORT_BYTES: u64 = 16 * 1024 * 1024;

/// What a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    Tests(Vec<TestCase>),
    Coverage(ReportKind, Coverage),
    Findings(Vec<Finding>),
}

/// Formats of coverage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReportKind {
    Cobertura,
    Lcov,
}

impl ReportKind {
    #[must_use]
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Cobertura => "cobertura",
            Self::Lcov => "lcov",
        }
    }
}

/// Whether it is worth to look into a file with this path.
#[must_use]
pub(crate) fn may_be_report(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let extensions = [".xml", ".sarif", ".sarif.json", ".lcov"];
    extensions.iter().any(|extension| name.ends_with(extension))
        || matches!(name.as_str(), "lcov.info" | "coverage.info")
}

/// What a file says; `None` if it is no report, as most files in XML are not.
///
/// # Errors
/// Why a report cannot be read, in words for its author.
pub(crate) fn read(path: &str, bytes: &[u8]) -> Result<Option<Report>, String> {
    if bytes.len() as u64 > MAX_REPORT_BYTES {
        return Err(format!("it has more than {MAX_REPORT_BYTES} bytes"));
    }
    let path = path.to_ascii_lowercase();
    if path.ends_with(".sarif") || path.ends_with(".json") {
        return sarif::read(bytes).map(|findings| Some(Report::Findings(findings)));
    }
    if path.ends_with(".info") || path.ends_with(".lcov") {
        let coverage = lcov::read(bytes)?;
        return Ok(Some(Report::Coverage(ReportKind::Lcov, coverage)));
    }
    Ok(match xml::root(bytes)?.as_deref() {
        Some("testsuites" | "testsuite") => Some(Report::Tests(junit::read(bytes)?)),
        Some("coverage") => {
            cobertura::read(bytes)?.map(|it| Report::Coverage(ReportKind::Cobertura, it))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_looked_into_by_name_and_known_by_their_first_element() {
        for path in ["a/junit.xml", "TEST-x.XML", "lcov.info", "x.sarif", "y.sarif.json"] {
            assert!(may_be_report(path), "{path}");
        }
        for path in ["a.txt", "package.json", "build.info", "xml"] {
            assert!(!may_be_report(path), "{path}");
        }
        assert_eq!(read("pom.xml", b"<project><a/></project>"), Ok(None));
        assert_eq!(
            read("a.xml", b"<?xml version='1.0'?><testsuites/>"),
            Ok(Some(Report::Tests(Vec::new())))
        );
        assert_eq!(read("clover.xml", b"<coverage generated='1'><project/></coverage>"), Ok(None));
        assert!(read("x.xml", b"<testsuite><testcase").is_err());
    }
}
