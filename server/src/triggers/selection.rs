//! Which workflow files an event starts, and why it does not start the others.

use std::collections::BTreeSet;

use gantry_workflow::model::Workflow;
use gantry_workflow::trigger::{Event, Selection, select};

use super::event::{RepositoryEvent, text};
use super::files::ReadFile;
use crate::runs::{CreateRun, RunFile};
use crate::sources::{self, GitError};

/// What an event starts.
#[derive(Debug, Default)]
pub(super) struct Selected {
    /// With the path of each run's file.
    pub(super) runs: Vec<CreateRun>,
    /// `path: reason` of each file that does not start.
    pub(super) skipped: Vec<String>,
}

/// Decides about every file; those whose path is among the `disabled` ones do not start.
pub(super) async fn select_runs(
    delivery_guid: &str,
    event: &RepositoryEvent,
    (files, disabled): (Vec<ReadFile>, &BTreeSet<String>),
) -> Result<Selected, GitError> {
    let changed = match has_path_filters(event, &files) {
        true => changed_files(event).await?,
        false => None,
    };
    let mut selected = Selected::default();
    for file in files {
        let path = file.path.clone();
        if disabled.contains(&path) {
            selected.skipped.push(format!("{path}: the workflow is disabled"));
            continue;
        }
        match decide(event, changed.as_deref(), file) {
            Ok(file) => selected.runs.push(CreateRun {
                repository: event.repository.clone(),
                delivery_guid: delivery_guid.to_owned(),
                event: event.name.clone(),
                payload: event.payload.clone(),
                origin: event.origin.clone(),
                workflow_sha: event.workflow_sha.clone(),
                actor: event.actor.clone(),
                file,
            }),
            Err(reason) => selected.skipped.push(format!("{path}: {reason}")),
        }
    }
    Ok(selected)
}

fn decide(
    event: &RepositoryEvent,
    changed_files: Option<&[String]>,
    file: ReadFile,
) -> Result<RunFile, String> {
    // A dispatch and a due schedule are for one file.
    let asked = text(&event.payload, "/workflow");
    let is_for_one = matches!(event.name.as_str(), "workflow_dispatch" | "schedule");
    if is_for_one && !asked.is_empty() && !is_asked(&file.path, asked) {
        return Err(format!("the {} is for `{asked}`", event.name));
    }
    let Some(workflow) = file.workflow else {
        return invalid(event, file);
    };
    let event = Event { name: &event.name, payload: &event.payload, changed_files };
    match select(&workflow, &event) {
        Selection::Starts => {
            let workflow = Box::new(workflow.into());
            Ok(RunFile::Workflow { workflow, diagnostics: file.diagnostics })
        }
        Selection::Skips { reason } => Err(reason),
    }
}

/// A file that cannot be read has no `on`. GitHub shows it as a failed run for pushes; for an event
/// that asks for the file itself we do as well.
fn invalid(event: &RepositoryEvent, file: ReadFile) -> Result<RunFile, String> {
    if matches!(event.name.as_str(), "push" | "workflow_dispatch" | "schedule") {
        return Ok(RunFile::Invalid { path: file.path, diagnostics: file.diagnostics });
    }
    let first = file.diagnostics.first().map(|d| d.message.as_str()).unwrap_or_default();
    Err(format!("the file is not valid: {first}"))
}

fn is_asked(path: &str, asked: &str) -> bool {
    path == asked || path.rsplit('/').next() == Some(asked)
}

fn has_path_filters(event: &RepositoryEvent, files: &[ReadFile]) -> bool {
    let is_filtered = |workflow: &Workflow| {
        workflow.on.iter().filter(|trigger| trigger.event == event.name).any(|trigger| {
            trigger.filters.paths.is_some() || trigger.filters.paths_ignore.is_some()
        })
    };
    files.iter().filter_map(|file| file.workflow.as_ref()).any(is_filtered)
}

/// What GitHub compares (`semantics` 3.2). `None`: not known, and every path filter passes.
async fn changed_files(event: &RepositoryEvent) -> Result<Option<Vec<String>>, GitError> {
    let path = &event.repository.local_path;
    let payload = &event.payload;
    if event.name != "push" {
        let base = text(payload, "/pull_request/base/sha");
        let head = text(payload, "/pull_request/head/sha");
        return known(sources::changed_since_merge_base(path, base, head).await);
    }
    let before = text(payload, "/before");
    if !before.bytes().all(|byte| byte == b'0') {
        return known(sources::changed_files(path, before, &event.origin.sha).await.map(Some));
    }
    // A new branch is compared with where it left the default branch.
    let branch = format!("refs/heads/{}", event.repository.default_branch);
    let base = sources::commit_id(path, &branch).await?;
    if base == event.origin.sha {
        return Ok(None);
    }
    known(sources::changed_since_merge_base(path, &base, &event.origin.sha).await)
}

/// A commit that was overwritten by a forced push may be gone.
fn known(files: Result<Option<Vec<String>>, GitError>) -> Result<Option<Vec<String>>, GitError> {
    match files {
        Err(GitError::Missing { .. } | GitError::Failed { .. }) => Ok(None),
        other => other,
    }
}
