//! The workflow files of a commit, read and checked.

use gantry_workflow::diagnostic::{Diagnostic, Severity};
use gantry_workflow::model::{Workflow, read_workflow};

use crate::repositories::Repository;
use crate::runs::WorkflowFileFacts;
use crate::sources::{Source, SourceError, WorkflowFile};

/// A file, and what it says.
#[derive(Debug)]
pub(super) struct ReadFile {
    pub(super) path: String,
    /// Absent when there is at least one error among the diagnostics.
    pub(super) workflow: Option<Workflow>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Every workflow file of the repository at `commit`.
pub(super) async fn read(
    source: &mut Source,
    repository: &Repository,
    commit: &str,
) -> Result<Vec<ReadFile>, SourceError> {
    let files = source.workflow_files(commit, &repository.workflow_directory).await?;
    Ok(files.into_iter().map(read_file).collect())
}

/// What is remembered of each file; one without (readable) name is called by its path.
pub(super) fn facts(files: &[ReadFile]) -> Vec<WorkflowFileFacts> {
    let facts = |file: &ReadFile| {
        let workflow = file.workflow.as_ref();
        let name = workflow.map_or(file.path.as_str(), Workflow::display_name);
        let listens_to_runs = workflow
            .is_some_and(|workflow| workflow.on.iter().any(|on| on.event == "workflow_run"));
        WorkflowFileFacts { path: file.path.clone(), name: name.to_owned(), listens_to_runs }
    };
    files.iter().map(facts).collect()
}

fn read_file(file: WorkflowFile) -> ReadFile {
    match file.text {
        Ok(text) => {
            let (workflow, diagnostics) = read_workflow(&file.path, &text);
            ReadFile { path: file.path, workflow, diagnostics }
        }
        Err(message) => {
            let diagnostic = Diagnostic {
                file: file.path.clone(),
                position: None,
                severity: Severity::Error,
                code: "unreadable-file".to_owned(),
                message,
            };
            ReadFile { path: file.path, workflow: None, diagnostics: vec![diagnostic] }
        }
    }
}
