//! Asks for the called files, one after the other, each once.

use std::collections::VecDeque;

use super::{calls, permissions, tree};
use crate::diagnostic::{Diagnostic, MAX_DIAGNOSTICS, Position, Severity};
use crate::model::{CallJob, CallUses, JobKind, Workflow, read_workflow};
use crate::plan::called::{CalledWorkflow, FileSource, LoadedWorkflow, reference};
use crate::plan::permissions::DefaultPermissions;

/// Called files of one run, each counted once (GitHub's documentation on reusable workflows).
const MAX_CALLED_FILES: usize = 50;

/// Where GitHub explains why a called file may be out of reach.
const ACCESS_PAGE: &str = "https://docs.github.com/actions/learn-github-actions/\
                           reusing-workflows#access-to-reusable-workflows";

/// A file that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRequest {
    /// `owner/name`.
    pub repository: String,
    /// `.github/workflows/f.yml`.
    pub path: String,
    /// A branch, a tag or a full commit id, as the caller writes it.
    pub git_ref: String,
}

/// A file that was found.
#[derive(Clone, Debug)]
pub struct FetchedFile {
    /// The full ref that the caller's words stand for; the commit where a commit was named.
    pub git_ref: String,
    pub sha: String,
    pub text: String,
}

/// Why there is no such file, in GitHub's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    #[error(
        "failed to fetch workflow: reference to workflow should be either a valid branch, tag, or commit"
    )]
    NoSuchRef,
    /// The repository is out of reach, or has no such file at that commit.
    #[error("workflow was not found. See {ACCESS_PAGE} for more information.")]
    NotFound,
    #[error("failed to fetch workflow: {0}")]
    Unreadable(String),
}

/// What a loader gives back.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub workflow: LoadedWorkflow,
    /// About the called files.
    pub warnings: Vec<Diagnostic>,
}

/// Collects the files of one run.
#[derive(Debug)]
pub struct Loader {
    loaded: LoadedWorkflow,
    wanted: VecDeque<Wanted>,
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

/// A `uses` that nobody has resolved yet.
#[derive(Debug)]
struct Wanted {
    reference: String,
    request: FileRequest,
    /// The caller's ref, where the file is of the caller's commit.
    local_ref: Option<String>,
    site: Site,
}

/// The place of a `uses`.
#[derive(Clone, Debug)]
struct Site {
    file: String,
    position: Position,
    uses: String,
}

impl Loader {
    /// A loader of `workflow`, which was read at `source`.
    #[must_use]
    pub fn new(
        workflow: Workflow,
        source: FileSource,
        default_permissions: DefaultPermissions,
    ) -> Self {
        let calls = calls_of(&workflow, &source);
        let (source, called) = (Some(source), Vec::new());
        Self {
            loaded: LoadedWorkflow { workflow, source, called, default_permissions },
            wanted: calls.into(),
            errors: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The next file to find; none once everything is there.
    #[must_use]
    pub fn wanted(&self) -> Option<&FileRequest> {
        self.wanted.front().map(|wanted| &wanted.request)
    }

    /// Takes the answer to [`Loader::wanted`].
    pub fn supply(&mut self, file: Result<FetchedFile, FetchError>) {
        let Some(wanted) = self.wanted.pop_front() else { return };
        match file {
            Ok(file) => self.read(&wanted, file),
            Err(error) => self.errors.push(wanted.site.not_found(&error)),
        }
        let called = &self.loaded.called;
        self.wanted.retain(|other| {
            other.reference != wanted.reference
                && called.iter().all(|file| file.reference != other.reference)
        });
        if self.loaded.called.len() > MAX_CALLED_FILES {
            let message =
                format!("The maximum file count of {} has been exceeded", MAX_CALLED_FILES + 1);
            self.errors.push(wanted.site.error("too-many-files", message));
            self.wanted.clear();
        }
    }

    /// The file with everything it calls, once nothing is wanted any more.
    ///
    /// # Errors
    /// Diagnostics when a called file is missing or invalid, or a call does not fit what it calls.
    pub fn finish(self) -> Result<Loaded, Vec<Diagnostic>> {
        let Self { loaded, mut errors, warnings, .. } = self;
        errors.extend(calls::check(&loaded));
        if errors.is_empty() {
            errors = tree::check(&loaded);
        }
        // Follows calls as far as they go, which the tree has found to be an end.
        if errors.is_empty() {
            errors = permissions::check(&loaded);
        }
        errors.truncate(MAX_DIAGNOSTICS);
        if errors.is_empty() { Ok(Loaded { workflow: loaded, warnings }) } else { Err(errors) }
    }

    fn read(&mut self, wanted: &Wanted, file: FetchedFile) {
        let (workflow, diagnostics) = read_workflow(&wanted.reference, &file.text);
        for diagnostic in diagnostics {
            match diagnostic.severity {
                Severity::Error => self.errors.push(wanted.site.error_within(&diagnostic)),
                Severity::Warning => self.warnings.push(diagnostic),
            }
        }
        let Some(workflow) = workflow else { return };
        if workflow.call().is_none() {
            self.errors.push(wanted.site.error_within(&not_callable(&workflow)));
            return;
        }
        let source = FileSource {
            repository: wanted.request.repository.clone(),
            path: wanted.request.path.clone(),
            git_ref: wanted.local_ref.clone().unwrap_or(file.git_ref),
            sha: file.sha,
        };
        self.wanted.extend(calls_of(&workflow, &source));
        let reference = wanted.reference.clone();
        self.loaded.called.push(CalledWorkflow { reference, source, workflow });
    }
}

/// What the jobs of a file call.
fn calls_of(workflow: &Workflow, source: &FileSource) -> Vec<Wanted> {
    let calls = workflow.jobs.iter().filter_map(|job| match &job.kind {
        JobKind::Call(call) => Some(call),
        JobKind::Steps(_) => None,
    });
    calls.map(|call| wanted(workflow, source, call)).collect()
}

fn wanted(workflow: &Workflow, source: &FileSource, call: &CallJob) -> Wanted {
    let (request, local_ref) = match &call.uses {
        CallUses::Local { path } => {
            let (repository, git_ref) = (source.repository.clone(), source.sha.clone());
            let request = FileRequest { repository, path: path.clone(), git_ref };
            (request, Some(source.git_ref.clone()))
        }
        CallUses::Repository { repository, path, git_ref } => {
            let (repository, git_ref) = (repository.clone(), git_ref.clone());
            (FileRequest { repository, path: path.clone(), git_ref }, None)
        }
    };
    Wanted {
        reference: reference(&call.uses, Some(source)),
        request,
        local_ref,
        site: Site {
            file: workflow.path.clone(),
            position: call.uses_position,
            uses: call.uses.to_string(),
        },
    }
}

fn not_callable(workflow: &Workflow) -> Diagnostic {
    Diagnostic {
        file: workflow.path.clone(),
        position: workflow.on.first().map(|trigger| trigger.position),
        severity: Severity::Error,
        code: "not-callable".to_owned(),
        message: "workflow_call key is not defined in the referenced workflow.".to_owned(),
    }
}

impl Site {
    fn error(&self, code: &str, message: String) -> Diagnostic {
        Diagnostic {
            file: self.file.clone(),
            position: Some(self.position),
            severity: Severity::Error,
            code: code.to_owned(),
            message,
        }
    }

    fn not_found(&self, error: &FetchError) -> Diagnostic {
        let Self { file, uses, .. } = self;
        let message = format!("error parsing called workflow \"{file}\" -> \"{uses}\" : {error}");
        self.error("called-workflow", message)
    }

    /// An error of the called file, shown at its caller (`semantics` 1.4).
    fn error_within(&self, diagnostic: &Diagnostic) -> Diagnostic {
        let Diagnostic { file, position, message, code, .. } = diagnostic;
        let place = position
            .map(|Position { line, column }| format!(" (Line: {line}, Col: {column})"))
            .unwrap_or_default();
        self.error(code, format!("Error from called workflow {file}{place}: {message}"))
    }
}
