//! Environments and pending deployments in GitHub's shape.

use axum::Json;
use axum::extract::State;
use gantry_workflow::advance::Review;
use serde::Deserialize;
use serde_json::{Value, json};

use super::repositories::{account_json, node_id};
use super::runs::{self, RunPath};
use crate::App;
use crate::accounts::Role;
use crate::environments::view::{EnvironmentView, list_environments, waiting_environments};
use crate::environments::{self, ReviewError, ReviewRequest};
use crate::http::error::ApiError;
use crate::http::extract::{ApiJson, ApiPath, Repo};
use crate::http::guard::Account;
use crate::http::links::Links;
use crate::repositories::Repository;
use crate::runs::view::RunView;

/// `GET .../environments`.
pub(crate) async fn list(
    State(app): State<App>,
    Repo(repository): Repo,
    links: Links,
) -> Result<Json<Value>, ApiError> {
    let mut db = app.db.acquire().await?;
    let environments = list_environments(&mut db, repository.id).await?;
    let body: Vec<_> =
        environments.iter().map(|it| environment_json(&links, &repository, it)).collect();
    Ok(Json(json!({ "total_count": body.len(), "environments": body })))
}

/// `GET .../environments/{environment}`.
pub(crate) async fn get(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<EnvironmentPath>,
    links: Links,
) -> Result<Json<Value>, ApiError> {
    let mut db = app.db.acquire().await?;
    let found = list_environments(&mut db, repository.id)
        .await?
        .into_iter()
        .find(|it| it.name.to_lowercase() == path.environment.to_lowercase())
        .ok_or_else(ApiError::not_found)?;
    Ok(Json(environment_json(&links, &repository, &found)))
}

/// The body of a change of an environment, as far as it is ours: somebody must review, or nobody.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct EnvironmentBody {
    reviewers: Option<Vec<Value>>,
}

/// `PUT .../environments/{environment}`.
pub(crate) async fn put(
    State(app): State<App>,
    Repo(repository): Repo,
    (ApiPath(path), links): (ApiPath<EnvironmentPath>, Links),
    ApiJson(body): ApiJson<EnvironmentBody>,
) -> Result<Json<Value>, ApiError> {
    let review_required = body.reviewers.is_some_and(|reviewers| !reviewers.is_empty());
    let mut db = app.db.acquire().await?;
    environments::set_rules(&mut db, repository.id, &path.environment, review_required).await?;
    drop(db);
    // Jobs that wait for a review that nobody asks for any more may go on.
    crate::runs::reconsider(&app, repository.id).await?;
    get(State(app), Repo(repository), ApiPath(path), links).await
}

/// `GET .../actions/runs/{run}/pending_deployments`.
pub(crate) async fn pending(
    State(app): State<App>,
    Account(account): Account,
    (Repo(repository), ApiPath(path)): (Repo, ApiPath<RunPath>),
    links: Links,
) -> Result<Json<Value>, ApiError> {
    let run = runs::find(&app, &repository, path).await?;
    let mut db = app.db.acquire().await?;
    let waiting = waiting_environments(&mut db, run.id).await?;
    let may_approve = account.role >= Role::Write;
    let body: Vec<_> =
        waiting.iter().map(|it| pending_json(&links, &repository, (it, may_approve))).collect();
    Ok(Json(Value::Array(body)))
}

/// The body of a review.
#[derive(Debug, Deserialize)]
pub(crate) struct ReviewBody {
    environment_ids: Vec<i64>,
    state: Review,
    #[serde(default)]
    comment: String,
}

/// `POST .../actions/runs/{run}/pending_deployments`.
pub(crate) async fn review(
    State(app): State<App>,
    Account(account): Account,
    (Repo(repository), ApiPath(path), links): (Repo, ApiPath<RunPath>, Links),
    ApiJson(body): ApiJson<ReviewBody>,
) -> Result<Json<Value>, ApiError> {
    let run = runs::find(&app, &repository, path).await?;
    let mut db = app.db.acquire().await?;
    let mut waiting = waiting_environments(&mut db, run.id).await?;
    drop(db);
    waiting.retain(|it| body.environment_ids.contains(&it.id));
    if body.environment_ids.is_empty() || waiting.len() != body.environment_ids.len() {
        return Err(ApiError::unprocessable("No pending deployment requests to approve or reject"));
    }
    let request = ReviewRequest {
        run: run.id,
        environments: waiting.iter().map(|it| it.name.clone()).collect(),
        review: body.state,
        reviewer: account.login,
        comment: body.comment,
        head_sha: Some(run.head_sha.clone()),
    };
    environments::review(&app, request).await?;
    let deployments: Vec<_> = waiting.iter().map(|it| deployment_json(&links, &run, it)).collect();
    Ok(Json(Value::Array(deployments)))
}

/// A deployment of a run; we number deployments by their environments.
fn deployment_json(links: &Links, run: &RunView, environment: &EnvironmentView) -> Value {
    let repository_url = links.repository(&run.owner, &run.repository);
    let url = format!("{repository_url}/deployments/{}", environment.id);
    json!({
        "id": environment.id,
        "node_id": node_id("DE", environment.id),
        "sha": run.head_sha,
        "ref": run.head_branch,
        "task": "deploy",
        "payload": {},
        "environment": environment.name,
        "description": null,
        "creator": account_json(links, &run.actor),
        "created_at": run.created_at,
        "updated_at": run.updated_at,
        "url": url,
        "statuses_url": format!("{url}/statuses"),
        "repository_url": repository_url,
    })
}

/// `{environment}` of a path.
#[derive(Debug, Deserialize)]
pub(crate) struct EnvironmentPath {
    environment: String,
}

fn environment_json(
    links: &Links,
    repository: &Repository,
    environment: &EnvironmentView,
) -> Value {
    let mut body = short_json(links, repository, environment);
    body["created_at"] = json!(environment.created_at);
    body["updated_at"] = json!(environment.updated_at);
    body["can_admins_bypass"] = json!(false);
    body["deployment_branch_policy"] = Value::Null;
    body["protection_rules"] = match environment.review_required {
        true => json!([{
            "id": environment.id,
            "node_id": node_id("GA", environment.id),
            "type": "required_reviewers",
            "prevent_self_review": false,
            "reviewers": [],
        }]),
        false => json!([]),
    };
    body
}

fn pending_json(
    links: &Links,
    repository: &Repository,
    (environment, may_approve): (&EnvironmentView, bool),
) -> Value {
    json!({
        "environment": short_json(links, repository, environment),
        "wait_timer": 0,
        "wait_timer_started_at": null,
        "current_user_can_approve": may_approve,
        "reviewers": [],
    })
}

fn short_json(links: &Links, repository: &Repository, environment: &EnvironmentView) -> Value {
    let api = links.repository(&repository.owner, &repository.name);
    json!({
        "id": environment.id,
        "node_id": node_id("EN", environment.id),
        "name": environment.name,
        "url": format!("{api}/environments/{}", environment.name),
        "html_url": format!(
            "{}/{}/{}/actions", links.pages, repository.owner, repository.name
        ),
    })
}

impl From<ReviewError> for ApiError {
    fn from(error: ReviewError) -> Self {
        match error {
            ReviewError::NotFound(_) => Self::not_found(),
            ReviewError::OtherCommit { .. } | ReviewError::AlreadyReviewed(_) => {
                Self::conflict(error.to_string())
            }
            ReviewError::NotWaiting(_) => Self::unprocessable(error.to_string()),
            ReviewError::Database(cause) => cause.into(),
        }
    }
}
