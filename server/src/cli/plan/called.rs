//! The workflows that a workflow calls, from the files as they are now.
//!
//! Reads files; asks no network. Invariant: of another repository there is nothing, and whoever needs
//! a file of one is told so in GitHub's words.

use std::io::ErrorKind;
use std::path::Path;

use gantry_workflow::Diagnostic;
use gantry_workflow::model::{CallUses, JobKind, RunDefaults, StepsJob, Workflow};
use gantry_workflow::plan::{
    DefaultPermissions, FetchError, FetchedFile, FileRequest, FileSource, LoadedWorkflow, Loader,
};
use gantry_workflow::template::{Token, TokenKind};

use crate::cli::local::read_source;

/// The workflow with everything it calls.
///
/// # Errors
/// Diagnostics, when a called file is missing or invalid, or a call does not fit it.
pub(in crate::cli) fn load(
    workflow: Workflow,
    source: &FileSource,
    top: &Path,
) -> Result<LoadedWorkflow, Vec<Diagnostic>> {
    let mut loader = Loader::new(workflow, source.clone(), DefaultPermissions::Read);
    while let Some(request) = loader.wanted().cloned() {
        loader.supply(read(&request, source, top));
    }
    Ok(loader.finish()?.workflow)
}

fn read(request: &FileRequest, source: &FileSource, top: &Path) -> Result<FetchedFile, FetchError> {
    if !request.repository.eq_ignore_ascii_case(&source.repository) {
        return Err(FetchError::NotFound);
    }
    let text = read_source(&top.join(&request.path)).map_err(|error| match error.kind() {
        ErrorKind::NotFound => FetchError::NotFound,
        _ => FetchError::Unreadable(error.to_string()),
    })?;
    let FileSource { git_ref, sha, .. } = source.clone();
    Ok(FetchedFile { git_ref, sha, text })
}

/// Makes one plain job of each call of another repository's workflow: what is in it is not known.
pub(super) fn close_calls_elsewhere(workflow: &mut Workflow) {
    close(workflow, &|uses| matches!(uses, CallUses::Repository { .. }));
}

/// Makes one plain job of each call.
pub(super) fn close_calls(workflow: &mut Workflow) {
    close(workflow, &|_| true);
}

fn close(workflow: &mut Workflow, is_closed: &dyn Fn(&CallUses) -> bool) {
    for job in &mut workflow.jobs {
        let JobKind::Call(call) = &job.kind else { continue };
        if is_closed(&call.uses) {
            let runs_on = TokenKind::String(format!("calls {}", call.uses));
            job.kind = JobKind::Steps(Box::new(empty_job(Token::new(job.position, runs_on))));
        }
    }
}

fn empty_job(runs_on: Token) -> StepsJob {
    StepsJob {
        runs_on,
        env: None,
        defaults: RunDefaults::default(),
        environment: None,
        outputs: Vec::new(),
        container: None,
        services: None,
        timeout_minutes: None,
        cancel_timeout_minutes: None,
        continue_on_error: None,
        steps: Vec::new(),
    }
}
