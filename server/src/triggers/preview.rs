//! What an event would start, file by file, and why it would not start the others.
//!
//! Makes up the event's payload with what filters read, and starts nothing. Invariant: the decision is
//! the one that a delivery gets (`workflow::trigger::select`).

use gantry_workflow::model::Workflow;
use gantry_workflow::trigger::{Event, Selection, select, skips_ci};
use serde_json::{Value, json};

use super::dispatch::DispatchError;
use super::files::{self, ReadFile};
use crate::App;
use crate::repositories::Repository;
use crate::runs;
use crate::sources::{Changes, Source};

/// The event that is asked about.
#[derive(Clone, Debug)]
pub struct PreviewRequest {
    pub event: String,
    /// A branch or a tag.
    pub git_ref: String,
    /// Of events that have activities.
    pub activity: Option<String>,
}

/// What would become of a file.
#[derive(Clone, Debug)]
pub struct PreviewedFile {
    pub path: String,
    pub name: String,
    /// Why it would not start; `None` when it would.
    pub reason: Option<String>,
    /// Of a file that would start, in its order.
    pub jobs: Vec<PreviewedJob>,
}

/// A job as the file has it.
#[derive(Clone, Debug)]
pub struct PreviewedJob {
    pub id: String,
    pub needs: Vec<String>,
}

/// The commit the files were read at, and each file.
pub async fn preview(
    app: &App,
    repository: &Repository,
    request: &PreviewRequest,
) -> Result<(String, Vec<PreviewedFile>), DispatchError> {
    let mut source = Source::open(app, repository)?;
    let found = source.resolve(&request.git_ref).await?;
    let (full, sha) = found
        .ok_or_else(|| DispatchError::Invalid(format!("No ref found for: {}", request.git_ref)))?;
    let default_ref = format!("refs/heads/{}", repository.default_branch);
    let base = source.commit_id(&default_ref).await?;
    let message = source.commit_message(&sha).await?;
    let is_of_commit = matches!(request.event.as_str(), "push" | "pull_request");
    let files_at = if is_of_commit { &sha } else { &base };
    let read = files::read(&mut source, repository, files_at).await?;
    let changes = Changes::SinceMergeBase { base: &base, head: &sha, pull_request: None };
    let changed = match is_of_commit && base != sha {
        true => source.changed_files(changes).await?,
        false => None,
    };
    drop(source);
    let payload = payload(repository, request, (&full, &sha, &base));
    let event =
        Event { name: &request.event, payload: &payload, changed_files: changed.as_deref() };
    let mut db = app.db.acquire().await?;
    let disabled = runs::disabled_workflows(&mut db, repository.id).await?;
    drop(db);
    let told = if is_of_commit { skips_ci(&message) } else { None };
    let files = read
        .into_iter()
        .map(|file| {
            let reason = match (&told, disabled.contains(&file.path)) {
                (Some(told), _) => Some(format!("the commit's message has `{told}`")),
                (None, true) => Some("the workflow is disabled".to_owned()),
                (None, false) => why_not(&file, &event),
            };
            previewed(file, reason)
        })
        .collect();
    Ok((files_at.clone(), files))
}

fn why_not(file: &ReadFile, event: &Event<'_>) -> Option<String> {
    let Some(workflow) = &file.workflow else {
        let first = file.diagnostics.first().map(|it| it.message.as_str()).unwrap_or_default();
        return Some(format!("the file is not valid: {first}"));
    };
    match select(workflow, event) {
        Selection::Starts => None,
        Selection::Skips { reason } => Some(reason),
    }
}

fn previewed(file: ReadFile, reason: Option<String>) -> PreviewedFile {
    let workflow = file.workflow.as_ref();
    PreviewedFile {
        name: workflow.map_or_else(|| file.path.clone(), |it| it.display_name().to_owned()),
        jobs: workflow.filter(|_| reason.is_none()).map(jobs).unwrap_or_default(),
        path: file.path,
        reason,
    }
}

fn jobs(workflow: &Workflow) -> Vec<PreviewedJob> {
    let job = |job: &gantry_workflow::model::Job| PreviewedJob {
        id: job.id.to_string(),
        needs: job.needs.iter().map(ToString::to_string).collect(),
    };
    workflow.jobs.iter().map(job).collect()
}

/// As much of a payload as filters read.
fn payload(
    repository: &Repository,
    request: &PreviewRequest,
    (full, sha, base): (&str, &str, &str),
) -> Value {
    let short = full.strip_prefix("refs/heads/").unwrap_or(full);
    let activity = request.activity.as_deref();
    let mut payload = json!({
        "ref": full,
        "repository": {
            "full_name": repository.full_name(),
            "default_branch": repository.default_branch,
        },
    });
    if request.event == "push" {
        payload["after"] = sha.into();
        payload["head_commit"] = json!({ "id": sha });
    }
    if request.event.starts_with("pull_request") {
        payload["action"] = activity.unwrap_or("opened").into();
        payload["number"] = 1.into();
        payload["pull_request"] = json!({
            "number": 1,
            "head": { "ref": short, "sha": sha },
            "base": { "ref": repository.default_branch, "sha": base },
        });
    } else if let Some(activity) = activity {
        payload["action"] = activity.into();
    }
    payload
}
