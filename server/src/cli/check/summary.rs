//! The last line of a check: how many files, how much is wrong.

use gantry_workflow::{Diagnostic, Severity};

use super::snippet::Style;

/// Counts over all files.
#[derive(Debug, Default)]
pub(super) struct Summary {
    pub(super) n_files: usize,
    n_files_with_findings: usize,
    pub(super) n_errors: usize,
    n_warnings: usize,
}

impl Summary {
    /// Counts one file.
    pub(super) fn add(&mut self, diagnostics: &[Diagnostic]) {
        let n_errors = diagnostics.iter().filter(|it| it.severity == Severity::Error).count();
        self.n_files += 1;
        self.n_files_with_findings += usize::from(!diagnostics.is_empty());
        self.n_errors += n_errors;
        self.n_warnings += diagnostics.len() - n_errors;
    }

    /// `2 errors and 1 warning in 2 of 7 files`.
    pub(super) fn line(&self, style: Style) -> String {
        let files = counted(self.n_files, "file");
        let mut counts = Vec::new();
        if self.n_errors > 0 {
            counts.push(style.error(&counted(self.n_errors, "error")));
        }
        if self.n_warnings > 0 {
            counts.push(style.warning(&counted(self.n_warnings, "warning")));
        }
        if counts.is_empty() {
            return format!("{} checked, nothing wrong", style.good(&files));
        }
        let counts = counts.join(" and ");
        match self.n_files_with_findings {
            n if n == self.n_files => format!("{counts} in {files}"),
            n => format!("{counts} in {n} of {files}"),
        }
    }
}

fn counted(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagnostic(severity: Severity) -> Diagnostic {
        let (file, code, message) = ("f".into(), "c".into(), "m".into());
        Diagnostic { file, position: None, severity, code, message }
    }

    #[test]
    fn errors_and_warnings_are_counted_apart() {
        let mut summary = Summary::default();
        summary.add(&[diagnostic(Severity::Warning)]);
        assert_eq!(summary.line(Style::PLAIN), "1 warning in 1 file");
        let mut summary = Summary::default();
        summary.add(&[]);
        assert_eq!(summary.line(Style::PLAIN), "1 file checked, nothing wrong");
        summary.add(&[diagnostic(Severity::Error), diagnostic(Severity::Error)]);
        assert_eq!(summary.line(Style::PLAIN), "2 errors in 1 of 2 files");
        summary.add(&[diagnostic(Severity::Warning)]);
        assert_eq!(summary.line(Style::PLAIN), "2 errors and 1 warning in 2 of 3 files");
    }
}
