//! How deep calls go, and to how many jobs they lead.
//!
//! A file may be called from many places, so that a tree of few files can stand for more jobs than
//! anybody wants: it is measured without being walked. Invariant: what passes has no loop.

use std::collections::HashMap;

use crate::diagnostic::{Diagnostic, Severity};
use crate::model::{CallJob, JobKind, Workflow};
use crate::plan::called::{FileSource, LoadedWorkflow, find};

/// Levels of called files below the run's own (GitHub's documentation: ten levels in all).
const MAX_DEPTH: usize = 9;

/// Jobs of all files of a run, counted as often as they are called, each matrix as one. GitHub's
/// limit is set on its servers and not published.
const MAX_JOBS: usize = 5_000;

/// What is known of a file and everything below it.
#[derive(Clone, Copy)]
struct Size {
    depth: usize,
    jobs: usize,
}

/// The errors of the tree as a whole: at most one.
pub(super) fn check(loaded: &LoadedWorkflow) -> Vec<Diagnostic> {
    let mut measure = Measure { loaded, known: HashMap::new(), open: Vec::new() };
    let file = File { workflow: &loaded.workflow, source: loaded.source.as_ref() };
    match measure.size(file) {
        Ok(size) if size.jobs > MAX_JOBS => vec![error(
            &loaded.workflow,
            None,
            format!(
                "Workflows may not contain more than {MAX_JOBS} jobs across all referenced files"
            ),
        )],
        Ok(_) => Vec::new(),
        Err(error) => vec![*error],
    }
}

#[derive(Clone, Copy)]
struct File<'a> {
    workflow: &'a Workflow,
    source: Option<&'a FileSource>,
}

struct Measure<'a> {
    loaded: &'a LoadedWorkflow,
    /// By the reference of the file.
    known: HashMap<&'a str, Size>,
    /// The files on the way from the run's own to the one that is looked at.
    open: Vec<&'a str>,
}

impl<'a> Measure<'a> {
    fn size(&mut self, file: File<'a>) -> Result<Size, Box<Diagnostic>> {
        let mut size = Size { depth: 0, jobs: 0 };
        for job in &file.workflow.jobs {
            let below = match &job.kind {
                JobKind::Steps(_) => Size { depth: 0, jobs: 1 },
                JobKind::Call(call) => self.called(file, call)?,
            };
            size.depth = size.depth.max(below.depth);
            size.jobs = size.jobs.saturating_add(below.jobs);
        }
        Ok(size)
    }

    fn called(&mut self, caller: File<'a>, call: &'a CallJob) -> Result<Size, Box<Diagnostic>> {
        let Some(called) = find(&self.loaded.called, &call.uses, caller.source) else {
            return Ok(Size { depth: 1, jobs: 1 });
        };
        let reference = called.reference.as_str();
        let size = match self.known.get(reference) {
            Some(size) => *size,
            None if self.open.contains(&reference) => return Err(too_deep(caller, call)),
            None => {
                self.open.push(reference);
                let file = File { workflow: &called.workflow, source: Some(&called.source) };
                let size = self.size(file)?;
                self.open.pop();
                self.known.insert(reference, size);
                size
            }
        };
        let size = Size { depth: size.depth + 1, ..size };
        if size.depth > MAX_DEPTH { Err(too_deep(caller, call)) } else { Ok(size) }
    }
}

fn too_deep(caller: File<'_>, call: &CallJob) -> Box<Diagnostic> {
    let message = format!("Nested reusable workflow depth exceeded {MAX_DEPTH}.");
    Box::new(error(caller.workflow, Some(call), message))
}

fn error(workflow: &Workflow, call: Option<&CallJob>, message: String) -> Diagnostic {
    Diagnostic {
        file: workflow.path.clone(),
        position: call.map(|call| call.uses_position),
        severity: Severity::Error,
        code: "called-workflow".to_owned(),
        message,
    }
}
