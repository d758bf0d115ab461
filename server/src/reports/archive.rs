//! The reports within an artifact.
//!
//! Touches neither network nor database; what it reads may come from both. Invariant: an archive whose
//! entries say less than they hold costs no more than one that is honest.

use std::io::{Read, Seek};

use zip::ZipArchive;

use super::parse::{MAX_REPORT_BYTES, Report, may_be_report, read};

/// Reports of one artifact; so many are plenty, and what follows is named.
const MOST_REPORTS: usize = 200;

/// Entries of an archive that are looked at.
const MOST_ENTRIES: usize = 200_000;

/// What was found in an artifact.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// With their paths.
    pub(super) reports: Vec<(String, Report)>,
    /// What could not be read, and why.
    pub(super) problems: Vec<String>,
}

impl Found {
    /// Looks into one file.
    pub(super) fn add(&mut self, path: &str, contents: impl Read) {
        if self.reports.len() >= MOST_REPORTS {
            return;
        }
        let mut bytes = Vec::new();
        let taken = contents.take(MAX_REPORT_BYTES + 1).read_to_end(&mut bytes);
        let said = taken.map_err(|error| error.to_string()).and_then(|_| read(path, &bytes));
        match said {
            Ok(Some(report)) => self.reports.push((path.to_owned(), report)),
            Ok(None) => {}
            Err(problem) => self.problems.push(format!("{path}: {problem}")),
        }
        if self.reports.len() == MOST_REPORTS {
            self.problems.push(format!("only {MOST_REPORTS} reports of an artifact are read"));
        }
    }
}

/// Looks into a zip file; one that cannot be read is no problem of the reports.
pub(super) fn read_archive(archive: impl Read + Seek) -> Found {
    let mut found = Found::default();
    let Ok(mut zip) = ZipArchive::new(archive) else { return found };
    for index in 0..zip.len().min(MOST_ENTRIES) {
        let name = zip.by_index_raw(index).ok().and_then(|it| Some(it.name().ok()?.into_owned()));
        let Some(name) = name.filter(|name| may_be_report(name)) else { continue };
        match zip.by_index(index) {
            Ok(file) => found.add(&name, file),
            Err(error) => found.problems.push(format!("{name}: {error}")),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn archive(files: &[(&str, &[u8])]) -> Cursor<Vec<u8>> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, contents) in files {
            zip.start_file(*name, SimpleFileOptions::default()).expect("a name");
            zip.write_all(contents).expect("contents");
        }
        zip.finish().expect("an archive")
    }

    #[test]
    fn reports_are_found_beside_other_files() {
        let found = read_archive(archive(&[
            ("a/junit.xml", b"<testsuite><testcase name='t'/></testsuite>"),
            ("pom.xml", b"<project/>"),
            ("broken.xml", b"<testsuite>"),
            ("readme.txt", b"hello"),
        ]));
        assert_eq!(found.reports.len(), 1);
        assert!(found.problems[0].starts_with("broken.xml: "), "{:?}", found.problems);
    }

    #[test]
    fn an_archive_that_unpacks_to_more_than_it_may_is_named_and_not_unpacked() {
        let zeros = vec![b' '; usize::try_from(MAX_REPORT_BYTES).expect("small") + 10];
        let found = read_archive(archive(&[("bomb.xml", &zeros)]));
        assert!(found.reports.is_empty());
        assert!(found.problems[0].contains("more than"), "{:?}", found.problems);
    }

    #[test]
    fn what_is_no_archive_has_no_reports() {
        let found = read_archive(Cursor::new(b"PK, but not really".to_vec()));
        assert!(found.reports.is_empty() && found.problems.is_empty());
    }
}
