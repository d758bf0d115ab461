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
use crate::sources::Source;

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
    app: &App,
    repository: &Repository,
    git_ref: &str,
) -> Result<(String, Vec<InspectedFile>), DispatchError> {
    let (_, mut source, commit) = open_at(app, repository, git_ref).await?;
    let files = files::read(&mut source, repository, &commit).await?;
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
    let (full, source, sha) = open_at(app, repository, git_ref).await?;
    let workflow = workflow_at(app, (repository, workflow), (source, &sha)).await?;
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
    app: &App,
    repository: &Repository,
    git_ref: &str,
) -> Result<(String, Source, String), DispatchError> {
    let mut source = Source::open(app, repository)?;
    let found = source.resolve(git_ref).await?;
    let (full, commit) =
        found.ok_or_else(|| DispatchError::Invalid(format!("No ref found for: {git_ref}")))?;
    Ok((full, source, commit))
}

fn events(workflow: &Workflow) -> Vec<String> {
    workflow.on.iter().map(|trigger| trigger.event.clone()).collect()
}
