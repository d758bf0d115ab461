//! Workflow runs in GitHub's shape.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use gantry_protocol::RunId;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::created::CreatedRange;
use super::head_commit::head_commit_json;
use super::paging::Page;
use super::pull_requests::pull_requests_json;
use super::repositories::{RepositoryName, account_json, node_id};
use crate::App;
use crate::http::error::ApiError;
use crate::http::extract::{ApiPath, ApiQuery, Repo};
use crate::http::guard::Account;
use crate::http::links::Links;
use crate::repositories::Repository;
use crate::runs::CancelError;
use crate::runs::view::{self, RunFilter, RunView};
use crate::runs::workflow_view::find_workflow;

/// GitHub's filters of run lists.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct RunQuery {
    actor: Option<String>,
    branch: Option<String>,
    event: Option<String>,
    status: Option<String>,
    head_sha: Option<String>,
    created: Option<String>,
}

/// `GET .../actions/runs`.
pub(crate) async fn list(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiQuery(query): ApiQuery<RunQuery>,
    (links, page): (Links, Page),
) -> Result<Response, ApiError> {
    let filter = query.filter(&repository)?;
    answer_list(&app, &links, &page, &filter).await
}

/// `GET .../actions/workflows/{id_or_file}/runs`.
pub(crate) async fn list_of_workflow(
    State(app): State<App>,
    Repo(repository): Repo,
    (ApiPath((_, _, id_or_file)), ApiQuery(query)): (
        ApiPath<(String, String, String)>,
        ApiQuery<RunQuery>,
    ),
    (links, page): (Links, Page),
) -> Result<Response, ApiError> {
    let mut db = app.db.acquire().await?;
    let workflow = find_workflow(&mut db, repository.id, &id_or_file)
        .await?
        .ok_or_else(ApiError::not_found)?;
    drop(db);
    let filter = RunFilter { workflow: Some(workflow.id), ..query.filter(&repository)? };
    answer_list(&app, &links, &page, &filter).await
}

/// `GET .../actions/runs/{run}` and `.../attempts/{attempt}`.
pub(crate) async fn get(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<RunPath>,
    links: Links,
) -> Result<Json<Value>, ApiError> {
    let run = find(&app, &repository, path).await?;
    Ok(Json(run_json(&links, &run)))
}

/// `POST .../actions/runs/{run}/cancel`.
pub(crate) async fn cancel(
    State(app): State<App>,
    Account(account): Account,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<RunPath>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let run = find(&app, &repository, path).await?;
    let reason = format!("The run was canceled by @{}.", account.login);
    crate::runs::cancel(&app, run.id, &reason).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({}))))
}

/// `{run}` and, where the route has it, `{attempt}`.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct RunPath {
    pub(crate) run: i64,
    pub(crate) attempt: Option<i32>,
}

/// The run of this repository that the path names, and its attempt.
pub(crate) async fn find(
    app: &App,
    repository: &Repository,
    path: RunPath,
) -> Result<RunView, ApiError> {
    let run = find_in_any_repository(app, path).await?;
    if run.repository_id == repository.id { Ok(run) } else { Err(ApiError::not_found()) }
}

/// The same for who has been admitted to this very path.
pub(super) async fn find_in_any_repository(app: &App, path: RunPath) -> Result<RunView, ApiError> {
    let mut db = app.db.acquire().await?;
    view::find_attempt(&mut db, RunId(path.run), path.attempt)
        .await?
        .ok_or_else(ApiError::not_found)
}

/// A page of runs as `{total_count, workflow_runs}`.
pub(crate) async fn answer_list(
    app: &App,
    links: &Links,
    page: &Page,
    filter: &RunFilter,
) -> Result<Response, ApiError> {
    let mut db = app.db.acquire().await?;
    let (total, runs) = view::list_runs(&mut db, filter, page.slice()).await?;
    let runs: Vec<_> = runs.iter().map(|run| run_json(links, run)).collect();
    Ok(page.answer(total, Json(json!({ "total_count": total, "workflow_runs": runs }))))
}

impl RunQuery {
    fn filter(self, repository: &Repository) -> Result<RunFilter, ApiError> {
        let created = CreatedRange::parse(self.created.as_deref().unwrap_or_default())?;
        // Clients send an empty parameter for "any".
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        Ok(RunFilter {
            repository: Some(repository.id),
            workflow: None,
            branch: given(self.branch),
            event: given(self.event),
            status: given(self.status),
            actor: given(self.actor),
            head_sha: given(self.head_sha),
            created_from: created.from,
            created_before: created.before,
        })
    }
}

/// A run in GitHub's shape.
pub(crate) fn run_json(links: &Links, run: &RunView) -> Value {
    let repository =
        RepositoryName { id: run.repository_id.0, owner: &run.owner, name: &run.repository };
    let api = links.repository(&run.owner, &run.repository);
    let url = format!("{api}/actions/runs/{}", run.id);
    let actor = account_json(links, &run.actor);
    json!({
        "id": run.id,
        "name": run.workflow_name,
        "node_id": node_id("WFR", run.id.0),
        "check_suite_id": run.id,
        "check_suite_node_id": node_id("CS", run.id.0),
        "head_branch": run.head_branch,
        "head_sha": run.head_sha,
        "path": run.workflow_path,
        "display_title": run.display_title,
        "run_number": run.run_number,
        "run_attempt": run.run_attempt,
        "event": run.event,
        "status": run.status,
        "conclusion": run.conclusion,
        "workflow_id": run.workflow_id,
        "url": url,
        "html_url": format!(
            "{}/{}/{}/actions/runs/{}", links.pages, run.owner, run.repository, run.id
        ),
        "pull_requests": pull_requests_json(links, run),
        "created_at": run.created_at,
        "updated_at": run.updated_at,
        "run_started_at": run.run_started_at,
        "actor": actor,
        "triggering_actor": account_json(links, &run.triggering_actor),
        "referenced_workflows": [],
        "previous_attempt_url": (run.run_attempt > 1)
            .then(|| format!("{url}/attempts/{}", run.run_attempt - 1)),
        "jobs_url": format!("{url}/jobs"),
        "logs_url": format!("{url}/logs"),
        "check_suite_url": format!("{api}/check-suites/{}", run.id),
        "artifacts_url": format!("{url}/artifacts"),
        "cancel_url": format!("{url}/cancel"),
        "rerun_url": format!("{url}/rerun"),
        "workflow_url": format!("{api}/actions/workflows/{}", run.workflow_id),
        "head_commit": head_commit_json(run),
        "repository": repository.json(links),
        "head_repository": repository.json(links),
    })
}

impl From<CancelError> for ApiError {
    fn from(error: CancelError) -> Self {
        match error {
            CancelError::NotFound => Self::not_found(),
            CancelError::AlreadyCompleted => {
                Self::conflict("Cannot cancel a workflow run that is completed.")
            }
            CancelError::Other(cause) => cause.into(),
        }
    }
}
