//! A delivery as an event of a repository: who, where, at which commit.

use std::sync::Arc;

use gantry_workflow::trigger::{Event, Origin, WorkflowSource, origin, skips_ci};
use serde_json::Value;
use sqlx::PgConnection;

use crate::deliveries::Delivery;
use crate::repositories::{self, Repository};
use crate::sources::{GitError, Objects};

/// An event whose commit is known and present.
#[derive(Clone, Debug)]
pub(super) struct RepositoryEvent {
    pub(super) repository: Repository,
    pub(super) name: String,
    pub(super) payload: Arc<Value>,
    /// With its sha resolved.
    pub(super) origin: Origin,
    /// Where the workflow files are read.
    pub(super) workflow_sha: String,
    pub(super) actor: String,
}

/// Why a delivery gives no event.
#[derive(Debug)]
pub(super) enum NoEvent {
    /// It concerns nothing here; in words.
    Ignored(String),
    /// It may work later.
    Failed(anyhow::Error),
}

impl From<GitError> for NoEvent {
    fn from(error: GitError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<sqlx::Error> for NoEvent {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Reads the payload leniently: only what is needed, nothing else can be wrong. Also gives the
/// repository, open for further questions.
pub(super) async fn read(
    db: &mut PgConnection,
    delivery: &Delivery,
) -> Result<(RepositoryEvent, Objects), NoEvent> {
    let payload: Value = serde_json::from_slice(&delivery.payload)
        .map_err(|error| NoEvent::Ignored(format!("the payload is not JSON: {error}")))?;
    let repository = find_repository(db, &payload).await?;
    let event = Event { name: &delivery.event, payload: &payload, changed_files: None };
    let mut origin = origin(&event, &repository.default_branch).map_err(NoEvent::Ignored)?;
    let wanted = if origin.sha.is_empty() { &origin.git_ref } else { &origin.sha };
    let mut objects = Objects::open(&repository.local_path)?;
    let sha = objects.commit_id(wanted).await?;
    let workflow_sha = match origin.source {
        WorkflowSource::EventCommit => sha.clone(),
        WorkflowSource::DefaultBranch => {
            let branch = format!("refs/heads/{}", repository.default_branch);
            objects.commit_id(&branch).await?
        }
    };
    origin.sha = sha;
    skip_if_told(&delivery.event, &payload, &mut objects).await?;
    let event = RepositoryEvent {
        actor: actor(&payload, &repository),
        repository,
        name: delivery.event.clone(),
        payload: Arc::new(payload),
        origin,
        workflow_sha,
    };
    Ok((event, objects))
}

/// The message of a pull request's head commit is not in its payload (`semantics` 3.3). A head that
/// is not here (a fork's) says nothing.
async fn skip_if_told(event: &str, payload: &Value, objects: &mut Objects) -> Result<(), NoEvent> {
    if event != "pull_request" {
        return Ok(());
    }
    let head = text(payload, "/pull_request/head/sha");
    let message = match objects.commit_message(head).await {
        Ok(message) => message,
        Err(GitError::Missing { .. }) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    match skips_ci(&message) {
        Some(instruction) => {
            Err(NoEvent::Ignored(format!("the head commit's message has `{instruction}`")))
        }
        None => Ok(()),
    }
}

async fn find_repository(db: &mut PgConnection, payload: &Value) -> Result<Repository, NoEvent> {
    let full_name = text(payload, "/repository/full_name");
    let Some((owner, name)) = full_name.split_once('/') else {
        return Err(NoEvent::Ignored("the payload names no repository".to_owned()));
    };
    repositories::find_by_full_name(db, owner, name).await?.ok_or_else(|| {
        NoEvent::Ignored(format!("the repository `{full_name}` is not registered here"))
    })
}

/// GitHub's sender; a push may only name its pusher.
fn actor(payload: &Value, repository: &Repository) -> String {
    ["/sender/login", "/pusher/name"]
        .into_iter()
        .map(|pointer| text(payload, pointer))
        .find(|login| !login.is_empty())
        .unwrap_or(&repository.owner)
        .to_owned()
}

pub(super) fn text<'a>(payload: &'a Value, pointer: &str) -> &'a str {
    payload.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
