//! A delivery as an event of a repository: who, where, at which commit.

use std::sync::Arc;

use gantry_workflow::trigger::{Event, Origin, WorkflowSource, origin, skips_ci};
use serde_json::Value;

use super::merge_commit;
use crate::App;
use crate::deliveries::Delivery;
use crate::repositories::{self, Repository};
use crate::sources::{Source, SourceError};

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

impl From<SourceError> for NoEvent {
    fn from(error: SourceError) -> Self {
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
    app: &App,
    delivery: &Delivery,
    payload: Value,
) -> Result<(RepositoryEvent, Source), NoEvent> {
    let repository = find_repository(app, &payload).await?;
    refuse_own(app, &delivery.event, &payload).await?;
    let event = Event { name: &delivery.event, payload: &payload, changed_files: None };
    let mut origin = origin(&event, &repository.default_branch).map_err(NoEvent::Ignored)?;
    if origin.sha.is_empty() && repository.github().is_some() {
        merge_commit::complete(app, &repository, &payload, &mut origin).await?;
    }
    let mut source = Source::open(app, &repository)?;
    let wanted = if origin.sha.is_empty() { &origin.git_ref } else { &origin.sha };
    let sha = source.commit_id(wanted).await?;
    let workflow_sha = match origin.source {
        WorkflowSource::EventCommit => sha.clone(),
        WorkflowSource::DefaultBranch => {
            let branch = format!("refs/heads/{}", repository.default_branch);
            if origin.git_ref == branch { sha.clone() } else { source.commit_id(&branch).await? }
        }
    };
    origin.sha = sha;
    skip_if_told(&delivery.event, &payload, &mut source).await?;
    let event = RepositoryEvent {
        actor: actor(&payload, &repository),
        repository,
        name: delivery.event.clone(),
        payload: Arc::new(payload),
        origin,
        workflow_sha,
    };
    Ok((event, source))
}

/// What a job did with its token starts nothing, or runs would start each other for ever; GitHub makes
/// an exception for the two dispatches (`semantics` 3.1), and for chains of workflows, whose length is limited.
async fn refuse_own(app: &App, event: &str, payload: &Value) -> Result<(), NoEvent> {
    let sender = text(payload, "/sender/login");
    let is_dispatch = matches!(event, "workflow_dispatch" | "repository_dispatch" | "workflow_run");
    let Some(bot) = sender.strip_suffix("[bot]").filter(|_| !is_dispatch) else { return Ok(()) };
    if !app.github.is_app() {
        return Ok(());
    }
    let slug = app.github.app_slug().await.map_err(|error| NoEvent::Failed(error.into()))?;
    if bot == slug {
        return Err(NoEvent::Ignored(format!(
            "`{sender}` is this server; its own acts start nothing"
        )));
    }
    Ok(())
}

/// The message of a pull request's head commit is not in its payload (`semantics` 3.3). A head that
/// is not here (a fork's) says nothing.
async fn skip_if_told(event: &str, payload: &Value, source: &mut Source) -> Result<(), NoEvent> {
    if event != "pull_request" {
        return Ok(());
    }
    let head = text(payload, "/pull_request/head/sha");
    let message = match source.commit_message(head).await {
        Ok(message) => message,
        Err(error) if error.is_missing() => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    match skips_ci(&message) {
        Some(instruction) => {
            Err(NoEvent::Ignored(format!("the head commit's message has `{instruction}`")))
        }
        None => Ok(()),
    }
}

async fn find_repository(app: &App, payload: &Value) -> Result<Repository, NoEvent> {
    let full_name = text(payload, "/repository/full_name");
    let Some((owner, name)) = full_name.split_once('/') else {
        return Err(NoEvent::Ignored("the payload names no repository".to_owned()));
    };
    let github_id = payload.pointer("/repository/id").and_then(Value::as_i64);
    let mut db = app.db.acquire().await?;
    let found = repositories::find_by_payload(&mut db, github_id, (owner, name)).await?;
    let repository = found.ok_or_else(|| {
        NoEvent::Ignored(format!("the repository `{full_name}` is not registered here"))
    })?;
    if !repository.is_enabled {
        let reason = format!("the repository `{full_name}` is off; a maintainer can turn it on");
        return Err(NoEvent::Ignored(reason));
    }
    Ok(repository)
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
