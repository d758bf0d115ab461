//! Step summaries on their way to the server: a file per process in the job's directory.
//!
//! Does not send them ([`super::reporter`]). Invariant: a summary is masked before it is on disk, and
//! a step that is repeated after a restart replaces what it wrote before.

use std::fs;
use std::io;
use std::path::PathBuf;

use gantry_protocol::summary::MAX_SUMMARY_BYTES;

use crate::infra_error::InfraError;
use crate::replace_file::replace_file;
use crate::workspace::JobDirectory;

/// The summaries of one job.
#[derive(Clone, Debug)]
pub(crate) struct Summaries {
    directory: PathBuf,
}

impl Summaries {
    pub(crate) fn of(job: &JobDirectory) -> Self {
        Self { directory: job.root().join("summaries") }
    }

    /// Keeps what `process` (`4`, or `4.1` within an action) wrote.
    pub(crate) fn keep(&self, process: &str, markdown: &str) -> Result<(), InfraError> {
        fs::create_dir_all(&self.directory)
            .map_err(InfraError::disk("creating", &self.directory))?;
        replace_file(&self.directory.join(process), markdown.as_bytes())
    }

    /// The steps that have one.
    pub(crate) fn steps(&self) -> Vec<u32> {
        let mut steps: Vec<u32> = self.processes().iter().map(|process| process[0]).collect();
        steps.dedup();
        steps
    }

    /// The summary of a step and of all steps within it, as much as a server takes.
    pub(crate) fn read(&self, step: u32) -> io::Result<String> {
        let mut markdown = String::new();
        for process in self.processes().iter().filter(|process| process[0] == step) {
            let name: Vec<String> = process.iter().map(u32::to_string).collect();
            let text = fs::read_to_string(self.directory.join(name.join(".")))?;
            if !markdown.is_empty() && !markdown.ends_with('\n') {
                markdown.push('\n');
            }
            markdown.push_str(&text);
        }
        markdown.truncate(markdown.floor_char_boundary(MAX_SUMMARY_BYTES));
        Ok(markdown)
    }

    /// Names of processes as numbers, in the order in which they ran; none is empty.
    fn processes(&self) -> Vec<Vec<u32>> {
        let Ok(entries) = fs::read_dir(&self.directory) else { return Vec::new() };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let numbers = |name: String| name.split('.').map(|part| part.parse().ok()).collect();
        let mut processes: Vec<Vec<u32>> = names.filter_map(numbers).collect();
        processes.sort_unstable();
        processes
    }
}

#[cfg(test)]
mod tests {
    use gantry_protocol::JobId;

    use super::*;

    #[test]
    fn a_step_has_the_summaries_of_the_steps_within_it_in_order() {
        let jobs = tempfile::tempdir().unwrap();
        let summaries = Summaries::of(&JobDirectory::new(jobs.path(), JobId(1)));
        assert!(summaries.steps().is_empty());
        for (process, text) in [("4.10", "late"), ("4.2", "former"), ("4.2", "early"), ("3", "x\n")]
        {
            summaries.keep(process, text).unwrap();
        }
        assert_eq!(summaries.steps(), [3, 4]);
        assert_eq!(summaries.read(4).unwrap(), "early\nlate");
        assert_eq!(summaries.read(5).unwrap(), "");
    }

    #[test]
    fn no_more_is_read_than_a_server_takes() {
        let jobs = tempfile::tempdir().unwrap();
        let summaries = Summaries::of(&JobDirectory::new(jobs.path(), JobId(1)));
        summaries.keep("2.1", &"ü".repeat(MAX_SUMMARY_BYTES / 2)).unwrap();
        summaries.keep("2.2", "ü").unwrap();
        assert_eq!(summaries.read(2).unwrap().len(), MAX_SUMMARY_BYTES);
    }
}
