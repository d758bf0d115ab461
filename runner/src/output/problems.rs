//! Problem matchers of a step: added and removed by its commands, and at work on its output.
//!
//! Patterns are the language's matter ([`gantry_workflow::command::Matchers`]). Invariant: reading
//! the same lines with the same files gives the same annotations.

use gantry_workflow::command::{Issue, MatcherConfig, Matchers, parse_matchers, unprocessed};

use super::annotations::{annotation, level};
use super::source_files::SourceFiles;
use super::step_log::StepLog;

#[derive(Debug)]
pub(super) struct Problems {
    matchers: Matchers,
    sources: Option<SourceFiles>,
    wanted: Option<Wanted>,
    has_changed: bool,
}

/// A file of matchers that a command named.
#[derive(Debug)]
struct Wanted {
    file: String,
    is_removal: bool,
}

impl Problems {
    /// With the matchers that earlier steps have added.
    pub(super) fn new(matchers: &[MatcherConfig], sources: Option<SourceFiles>) -> Self {
        let mut problems =
            Self { matchers: Matchers::default(), sources, wanted: None, has_changed: false };
        // They compiled when they were added.
        let _ = problems.matchers.add(matchers.to_vec());
        problems
    }

    /// Prints a line that is no command, as a problem if it is one.
    pub(super) fn plain_line(&mut self, line: &str, log: &mut StepLog) {
        if self.matchers.is_empty() {
            return log.line(line);
        }
        let scan = self.matchers.scan(line);
        for owner in &scan.dropped {
            self.has_changed = true;
            log.warning(&format!(
                "Removed issue matcher '{owner}' because matching a line took too long."
            ));
        }
        match scan.issue {
            Some(issue) => self.annotate(issue, log),
            None => log.line(line),
        }
    }

    fn annotate(&self, issue: Issue, log: &mut StepLog) {
        let level = level(issue.level);
        let mut annotation = annotation(level, issue.message, log.number());
        // Looking for the file is left out where nobody would see it.
        if let (Some(file), Some(sources), true) = (&issue.file, &self.sources, log.keeps(level)) {
            annotation.path = sources.locate(file, issue.from_path.as_deref());
        }
        annotation.start_line = issue.line;
        annotation.end_line = issue.line;
        annotation.start_column = issue.column;
        log.annotated_line(&issue.text, annotation);
    }

    pub(super) fn want(&mut self, file: String) {
        self.wanted = Some(Wanted { file, is_removal: false });
    }

    pub(super) fn want_to_remove(&mut self, file: String) {
        self.wanted = Some(Wanted { file, is_removal: true });
    }

    pub(super) fn wants_file(&self) -> bool {
        self.wanted.is_some()
    }

    /// Where the wanted file is.
    pub(super) fn wanted_file(&self, workspace: &str) -> Option<String> {
        let file = &self.wanted.as_ref()?.file;
        // Where the containers of actions see it.
        if let Some(below) = file.strip_prefix("/github/workspace/") {
            return Some(format!("{workspace}/{below}"));
        }
        Some(if file.starts_with('/') { file.clone() } else { format!("{workspace}/{file}") })
    }

    /// Takes the wanted file; an error is what the failed step reports.
    pub(super) fn supply(&mut self, contents: Result<String, String>) -> Result<(), [String; 2]> {
        let Some(Wanted { file, is_removal }) = self.wanted.take() else { return Ok(()) };
        let name = if is_removal { "remove-matcher" } else { "add-matcher" };
        let result = contents.and_then(|text| parse_matchers(&text)).and_then(|configs| {
            self.has_changed = true;
            if is_removal {
                configs.iter().for_each(|config| self.matchers.remove(&config.owner));
                return Ok(());
            }
            self.matchers.add(configs)
        });
        result.map_err(|error| unprocessed(&format!("::{name}::{file}"), error))
    }

    pub(super) fn remove(&mut self, owner: &str) {
        self.has_changed = true;
        self.matchers.remove(owner);
    }

    /// All matchers, if there are others than at the start of the step.
    pub(super) fn changed(&self) -> Option<Vec<MatcherConfig>> {
        self.has_changed.then(|| self.matchers.configs())
    }
}
