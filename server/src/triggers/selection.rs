//! Which workflow files an event starts, and why it does not start the others.

use std::borrow::Cow;
use std::collections::BTreeSet;

use gantry_workflow::model::{Job, Workflow};
use gantry_workflow::template::Token;
use gantry_workflow::trigger::{Event, Selection, select};
use serde_json::Value;

use super::event::{RepositoryEvent, text};
use super::files::ReadFile;
use crate::reporting::SkippedWorkflow;
use crate::runs::{CreateRun, RunFile};
use crate::sources::{Changes, Source, SourceError};

/// What an event starts.
#[derive(Debug, Default)]
pub(super) struct Selected {
    /// With the path of each run's file.
    pub(super) runs: Vec<CreateRun>,
    /// `path: reason` of each file that does not start.
    pub(super) skipped: Vec<String>,
    /// Those of them that a filter of this very event kept, for GitHub to know.
    pub(super) filtered: Vec<SkippedWorkflow>,
}

/// Decides about every file; those whose path is among the `disabled` ones do not start.
pub(super) async fn select_runs(
    delivery_guid: &str,
    event: &RepositoryEvent,
    source: &mut Source,
    (files, disabled): (Vec<ReadFile>, &BTreeSet<String>),
) -> Result<Selected, SourceError> {
    let changed = match has_path_filters(event, &files) {
        true => changed_files(event, source).await?,
        false => None,
    };
    let mut selected = Selected::default();
    for file in files {
        let path = file.path.clone();
        if disabled.contains(&path) {
            selected.skipped.push(format!("{path}: the workflow is disabled"));
            continue;
        }
        let filtered = filtered(event, &file);
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
            Err(reason) => {
                selected.skipped.push(format!("{path}: {reason}"));
                let filtered = filtered.map(|it| SkippedWorkflow { reason, ..it });
                selected.filtered.extend(filtered);
            }
        }
    }
    Ok(selected)
}

/// What GitHub is told if the file does not start although it waits for such events. Check runs belong
/// to the head of a pull request, not to its merge commit.
fn filtered(event: &RepositoryEvent, file: &ReadFile) -> Option<SkippedWorkflow> {
    let workflow = file.workflow.as_ref()?;
    let waits = workflow.on.iter().any(|trigger| trigger.event == event.name);
    if !event.repository.reports_skipped || !waits {
        return None;
    }
    let head_sha = match event.name.as_str() {
        "push" => &event.origin.sha,
        "pull_request" | "pull_request_target" => text(&event.payload, "/pull_request/head/sha"),
        _ => return None,
    };
    Some(SkippedWorkflow {
        repository_id: event.repository.id,
        head_sha: head_sha.to_owned(),
        path: file.path.clone(),
        reason: String::new(),
        job_names: workflow.jobs.iter().map(plain_name).collect(),
    })
}

/// A name that depends on a run is not known without one.
fn plain_name(job: &Job) -> String {
    let name = job.name.as_ref().and_then(Token::literal_text);
    name.map_or_else(|| job.id.as_str().to_owned(), Cow::into_owned)
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
async fn changed_files(
    event: &RepositoryEvent,
    source: &mut Source,
) -> Result<Option<Vec<String>>, SourceError> {
    let payload = &event.payload;
    if event.name != "push" {
        let base = text(payload, "/pull_request/base/sha");
        let head = text(payload, "/pull_request/head/sha");
        let pull_request = payload.pointer("/pull_request/number").and_then(Value::as_u64);
        return source.changed_files(Changes::SinceMergeBase { base, head, pull_request }).await;
    }
    let before = text(payload, "/before");
    if !before.bytes().all(|byte| byte == b'0') {
        return source.changed_files(Changes::Between { before, after: &event.origin.sha }).await;
    }
    // A new branch is compared with where it left the default branch.
    let branch = format!("refs/heads/{}", event.repository.default_branch);
    let base = source.commit_id(&branch).await?;
    if base == event.origin.sha {
        return Ok(None);
    }
    let (base, head) = (base.as_str(), event.origin.sha.as_str());
    source.changed_files(Changes::SinceMergeBase { base, head, pull_request: None }).await
}
