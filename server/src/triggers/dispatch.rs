//! Somebody starts a workflow by hand, or sends a repository an event of their own.

use gantry_workflow::model::Workflow;
use gantry_workflow::trigger::dispatch::resolve_inputs;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::files;
use crate::App;
use crate::background::Topic;
use crate::deliveries::{self, NewDelivery, Source};
use crate::repositories::Repository;
use crate::runs;
use crate::sources::{self, SourceError};

/// GitHub's sentence.
const DISABLED: &str = "Cannot trigger a 'workflow_dispatch' on a disabled workflow";

/// A wish to start a workflow.
#[derive(Clone, Debug)]
pub struct Dispatch {
    pub repository: Repository,
    /// Its number, file name or path.
    pub workflow: String,
    /// A branch or a tag, short or full.
    pub git_ref: String,
    pub inputs: Map<String, Value>,
    /// Login of who asks; the caller has checked that they may.
    pub actor: String,
}

/// Why nothing is started.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    #[error("there is no such workflow")]
    NotFound,
    /// GitHub answers 422 with this message.
    #[error("{0}")]
    Invalid(String),
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl From<sqlx::Error> for DispatchError {
    fn from(error: sqlx::Error) -> Self {
        Self::Other(error.into())
    }
}

impl From<SourceError> for DispatchError {
    fn from(error: SourceError) -> Self {
        Self::Other(error.into())
    }
}

/// Checks the wish against the file at the ref, and puts it into the inbox. Returns the guid of the delivery.
pub async fn dispatch(app: &App, request: Dispatch) -> Result<String, DispatchError> {
    let repository = &request.repository;
    let mut source = sources::Source::open(app, repository)?;
    let found = source.resolve(&request.git_ref).await?;
    let (git_ref, commit) = found
        .ok_or_else(|| DispatchError::Invalid(format!("No ref found for: {}", request.git_ref)))?;
    let workflow = workflow_at(app, (repository, &request.workflow), (source, &commit)).await?;
    let inputs = resolve_inputs(&workflow, &request.inputs)
        .map_err(|error| DispatchError::Invalid(error.message))?;
    let payload = json!({
        "inputs": inputs.event_inputs,
        "ref": git_ref,
        "repository": repository_payload(repository),
        "sender": { "login": request.actor },
        "workflow": workflow.path,
    });
    Ok(put_into_inbox(app, "workflow_dispatch", &payload).await?)
}

/// An event that somebody made up for a repository.
#[derive(Clone, Debug)]
pub struct RepositoryDispatch {
    pub repository: Repository,
    pub event_type: String,
    pub client_payload: Map<String, Value>,
    /// Login of who asks; the caller has checked that they may.
    pub actor: String,
}

/// Puts the event into the inbox; which workflows it starts is found out there.
pub async fn dispatch_to_repository(app: &App, request: RepositoryDispatch) -> sqlx::Result<()> {
    let payload = json!({
        "action": request.event_type,
        "branch": request.repository.default_branch,
        "client_payload": request.client_payload,
        "repository": repository_payload(&request.repository),
        "sender": { "login": request.actor },
    });
    put_into_inbox(app, "repository_dispatch", &payload).await.map(drop)
}

fn repository_payload(repository: &Repository) -> Value {
    json!({
        "id": repository.id,
        "name": repository.name,
        "full_name": repository.full_name(),
        "default_branch": repository.default_branch,
        "owner": { "login": repository.owner },
    })
}

async fn put_into_inbox(app: &App, event: &str, payload: &Value) -> sqlx::Result<String> {
    let guid = Uuid::now_v7().to_string();
    let payload = payload.to_string();
    let delivery =
        NewDelivery { guid: &guid, source: Source::Dispatch, event, payload: payload.as_bytes() };
    let mut connection = app.db.acquire().await?;
    deliveries::store(&mut connection, delivery).await?;
    app.wakeups.wake(Topic::Deliveries);
    Ok(guid)
}

/// The workflow with this number, file name or path, as its file stands at `commit`.
pub(super) async fn workflow_at(
    app: &App,
    (repository, asked): (&Repository, &str),
    (mut source, commit): (sources::Source, &str),
) -> Result<Workflow, DispatchError> {
    let files = files::read(&mut source, repository, commit).await?;
    drop(source);
    let mut connection = app.db.acquire().await?;
    let known = runs::find_workflow(&mut connection, repository.id, asked).await?;
    let disabled = runs::disabled_workflows(&mut connection, repository.id).await?;
    drop(connection);
    let wanted = known.map_or_else(|| asked.to_owned(), |workflow| workflow.path);
    let file = files
        .into_iter()
        .find(|file| file.path == wanted || file.path.rsplit('/').next() == Some(wanted.as_str()))
        .ok_or(DispatchError::NotFound)?;
    if disabled.contains(&file.path) {
        return Err(DispatchError::Invalid(DISABLED.to_owned()));
    }
    match (file.workflow, file.diagnostics.first()) {
        (Some(workflow), _) => Ok(workflow),
        (None, Some(error)) => Err(DispatchError::Invalid(error.to_string())),
        (None, None) => Err(DispatchError::Invalid(format!("`{}` is not valid", file.path))),
    }
}
