//! Workflows in GitHub's shape, and their manual dispatch.

use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use gantry_protocol::RunId;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use super::paging::Page;
use super::repositories::node_id;
use crate::App;
use crate::background::Topic;
use crate::http::error::ApiError;
use crate::http::extract::{ApiJson, ApiPath, Repo};
use crate::http::guard::Account;
use crate::http::links::Links;
use crate::repositories::Repository;
use crate::runs::view::run_of_delivery;
use crate::runs::workflow_view::{WorkflowView, find_workflow, list_workflows};
use crate::triggers::{self, Dispatch, DispatchError};

/// GitHub's limit on the inputs of one dispatch.
const MAX_INPUTS: usize = 25;

/// How long a dispatch that asks for its run waits for it. A client's own patience is longer.
const RUN_PATIENCE: Duration = Duration::from_secs(10);

/// How often it looks without having been woken.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// `GET .../actions/workflows`.
pub(crate) async fn list(
    State(app): State<App>,
    Repo(repository): Repo,
    (links, page): (Links, Page),
) -> Result<Response, ApiError> {
    let mut db = app.db.acquire().await?;
    let (total, workflows) = list_workflows(&mut db, repository.id, page.slice()).await?;
    let workflows: Vec<_> =
        workflows.iter().map(|workflow| workflow_json(&links, &repository, workflow)).collect();
    Ok(page.answer(total, Json(json!({ "total_count": total, "workflows": workflows }))))
}

/// `GET .../actions/workflows/{id_or_file}`.
pub(crate) async fn get(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<WorkflowPath>,
    links: Links,
) -> Result<Json<Value>, ApiError> {
    let workflow = find_or_404(&app, &repository, &path).await?;
    Ok(Json(workflow_json(&links, &repository, &workflow)))
}

/// `PUT .../actions/workflows/{id_or_file}/enable`.
pub(crate) async fn enable(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<WorkflowPath>,
) -> Result<StatusCode, ApiError> {
    set_enabled(&app, (&repository, &path), true).await
}

/// `PUT .../actions/workflows/{id_or_file}/disable`.
pub(crate) async fn disable(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<WorkflowPath>,
) -> Result<StatusCode, ApiError> {
    set_enabled(&app, (&repository, &path), false).await
}

async fn set_enabled(
    app: &App,
    (repository, path): (&Repository, &WorkflowPath),
    is_enabled: bool,
) -> Result<StatusCode, ApiError> {
    let workflow = find_or_404(app, repository, path).await?;
    let mut db = app.db.acquire().await?;
    crate::runs::set_workflow_enabled(&mut db, workflow.id, is_enabled).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The workflow of this repository that the path names.
pub(super) async fn find_or_404(
    app: &App,
    repository: &Repository,
    path: &WorkflowPath,
) -> Result<WorkflowView, ApiError> {
    let mut db = app.db.acquire().await?;
    find_workflow(&mut db, repository.id, &path.workflow).await?.ok_or_else(ApiError::not_found)
}

/// The body of a dispatch.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct DispatchBody {
    r#ref: String,
    inputs: Option<Map<String, Value>>,
    #[serde(default)]
    return_run_details: bool,
}

/// `POST .../actions/workflows/{id_or_file}/dispatches`.
pub(crate) async fn dispatch(
    State(app): State<App>,
    Account(account): Account,
    (Repo(repository), ApiPath(path), links): (Repo, ApiPath<WorkflowPath>, Links),
    ApiJson(body): ApiJson<DispatchBody>,
) -> Result<Response, ApiError> {
    let inputs = body.inputs.unwrap_or_default();
    if inputs.len() > MAX_INPUTS {
        return Err(ApiError::unprocessable(format!(
            "you may only define up to {MAX_INPUTS} `inputs` for a `workflow_dispatch` event"
        )));
    }
    let api = links.repository(&repository.owner, &repository.name);
    let pages = format!("{}/{}", links.pages, repository.full_name());
    let request = Dispatch {
        repository,
        workflow: path.workflow,
        git_ref: body.r#ref,
        inputs,
        actor: account.login,
    };
    let guid = triggers::dispatch(&app, request).await?;
    let run = if body.return_run_details { run_started_by(&app, &guid).await? } else { None };
    // A client that asked for the run is told at least that it was accepted.
    let Some(run) = run else { return Ok(StatusCode::NO_CONTENT.into_response()) };
    let details = json!({
        "workflow_run_id": run,
        "run_url": format!("{api}/actions/runs/{run}"),
        "html_url": format!("{pages}/actions/runs/{run}"),
    });
    Ok(Json(details).into_response())
}

/// The run, as soon as the delivery has been worked on; `None` when that takes too long.
async fn run_started_by(app: &App, guid: &str) -> Result<Option<RunId>, ApiError> {
    let mut changes = app.wakeups.subscribe(Topic::Runs);
    let deadline = Instant::now() + RUN_PATIENCE;
    loop {
        let mut db = app.db.acquire().await?;
        let run = run_of_delivery(&mut db, guid).await?;
        drop(db);
        if run.is_some() || Instant::now() >= deadline {
            return Ok(run);
        }
        // Another process may have worked on it, so the rows are looked at now and then.
        let _ = timeout(LOOK_AGAIN, changes.changed()).await;
    }
}

/// `{workflow}`: an id, a file name or a path.
#[derive(Debug, Deserialize)]
pub(crate) struct WorkflowPath {
    pub(crate) workflow: String,
}

fn workflow_json(links: &Links, repository: &Repository, workflow: &WorkflowView) -> Value {
    let api = links.repository(&repository.owner, &repository.name);
    let pages = format!("{}/{}/{}", links.pages, repository.owner, repository.name);
    let file = workflow.path.rsplit('/').next().unwrap_or_default();
    json!({
        "id": workflow.id,
        "node_id": node_id("W", workflow.id),
        "name": workflow.name,
        "path": workflow.path,
        "state": workflow.state,
        "created_at": workflow.created_at,
        "updated_at": workflow.updated_at,
        "url": format!("{api}/actions/workflows/{}", workflow.id),
        "html_url": format!("{pages}/blob/{}/{}", repository.default_branch, workflow.path),
        "badge_url": format!("{pages}/actions/workflows/{file}/badge.svg"),
    })
}

impl From<DispatchError> for ApiError {
    fn from(error: DispatchError) -> Self {
        match error {
            DispatchError::NotFound => Self::not_found(),
            DispatchError::Invalid(message) => Self::unprocessable(message),
            DispatchError::Other(cause) => cause.into(),
        }
    }
}
