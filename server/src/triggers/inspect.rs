//! What the workflow files of a branch say: for the form that starts one by hand, and for whoever
//! wants to know whether they will work here.
//!
//! Starts nothing and writes nothing.

use gantry_workflow::diagnostic::Diagnostic;
use gantry_workflow::model::{Input, Workflow};

use super::dispatch::{DispatchError, workflow_at};
use super::files;
use crate::App;
use crate::repositories::Repository;
use crate::sources::{self, Objects};

/// A workflow file at a commit.
#[derive(Clone, Debug)]
pub struct InspectedFile {
    pub path: String,
    /// Absent when the file cannot be read.
    pub name: Option<String>,
    /// What starts it, in the order of the file.
    pub events: Vec<String>,
    pub diagnostics: Vec<Diagnostic>,
}

/// Every workflow file at `git_ref` (a branch or a tag), and the commit they were read at.
pub async fn inspect(
    repository: &Repository,
    git_ref: &str,
) -> Result<(String, Vec<InspectedFile>), DispatchError> {
    let (_, mut objects, commit) = open_at(repository, git_ref).await?;
    let files = files::read(&mut objects, repository, &commit).await?;
    let files = files
        .into_iter()
        .map(|file| InspectedFile {
            name: file.workflow.as_ref().map(|it| it.display_name().to_owned()),
            events: file.workflow.as_ref().map(events).unwrap_or_default(),
            path: file.path,
            diagnostics: file.diagnostics,
        })
        .collect();
    Ok((commit, files))
}

/// What somebody fills in who starts a workflow by hand.
#[derive(Clone, Debug)]
pub struct DispatchForm {
    /// Full.
    pub git_ref: String,
    pub sha: String,
    pub path: String,
    pub name: String,
    pub inputs: Vec<Input>,
}

/// The form of the workflow with this number, file name or path, as it stands at `git_ref`.
pub async fn dispatch_form(
    app: &App,
    (repository, workflow): (&Repository, &str),
    git_ref: &str,
) -> Result<DispatchForm, DispatchError> {
    let (full, objects, sha) = open_at(repository, git_ref).await?;
    drop(objects);
    let workflow = workflow_at(app, (repository, workflow), &full).await?;
    let trigger = workflow.on.iter().find(|trigger| trigger.event == "workflow_dispatch");
    let Some(trigger) = trigger else {
        let message = "Workflow does not have 'workflow_dispatch' trigger";
        return Err(DispatchError::Invalid(message.to_owned()));
    };
    Ok(DispatchForm {
        git_ref: full,
        sha,
        inputs: trigger.inputs.clone(),
        name: workflow.display_name().to_owned(),
        path: workflow.path.clone(),
    })
}

/// The full ref, the repository, and the commit that the ref stands for.
async fn open_at(
    repository: &Repository,
    git_ref: &str,
) -> Result<(String, Objects, String), DispatchError> {
    let full = sources::resolve_branch_or_tag(&repository.local_path, git_ref)
        .await?
        .ok_or_else(|| DispatchError::Invalid(format!("No ref found for: {git_ref}")))?;
    let mut objects = Objects::open(&repository.local_path)?;
    let commit = objects.commit_id(&full).await?;
    Ok((full, objects, commit))
}

fn events(workflow: &Workflow) -> Vec<String> {
    workflow.on.iter().map(|trigger| trigger.event.clone()).collect()
}
