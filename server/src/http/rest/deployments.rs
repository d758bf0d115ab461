//! Deployments of a run that wait, and the answers to them.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use gantry_workflow::advance::Review;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::environments::{reviewers_json, short_json};
use super::repositories::{account_json, node_id};
use super::runs::{self, RunPath};
use crate::App;
use crate::accounts::{Identity, Role};
use crate::environments::view::{
    EnvironmentView, ReviewView, WaitingView, reviews_of_run, waiting_environments,
};
use crate::environments::{self, GateAnswer, ReviewError, ReviewRequest};
use crate::http::audited::AuditDetail;
use crate::http::error::ApiError;
use crate::http::extract::{ApiJson, ApiPath, Repo};
use crate::http::guard::Account;
use crate::http::links::Links;
use crate::repositories::Repository;
use crate::runs::view::RunView;

/// `GET .../actions/runs/{run}/pending_deployments`.
pub(crate) async fn pending(
    State(app): State<App>,
    Account(account): Account,
    (Repo(repository), ApiPath(path)): (Repo, ApiPath<RunPath>),
    links: Links,
) -> Result<Json<Value>, ApiError> {
    let run = runs::find(&app, &repository, path).await?;
    let mut db = app.db.acquire().await?;
    let waiting = waiting_environments(&mut db, (repository.id, run.id)).await?;
    drop(db);
    let rules = waiting.iter().map(|it| &it.environment.rules);
    let teams = environments::teams_of(&app, &account.login, rules).await;
    let may = |it| may_approve((&account, &teams), &run, it);
    let body: Vec<_> =
        waiting.iter().map(|it| pending_json(&links, &repository, (it, may(it)))).collect();
    Ok(Json(Value::Array(body)))
}

/// The body of a review.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct ReviewBody {
    environment_ids: Vec<i64>,
    #[schemars(with = "String", extend("enum" = ["approved", "rejected"]))]
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
) -> Result<(Extension<AuditDetail>, Json<Value>), ApiError> {
    let run = runs::find(&app, &repository, path).await?;
    let mut db = app.db.acquire().await?;
    let mut waiting = waiting_environments(&mut db, (repository.id, run.id)).await?;
    drop(db);
    waiting.retain(|it| body.environment_ids.contains(&it.environment.id));
    if body.environment_ids.is_empty() || waiting.len() != body.environment_ids.len() {
        return Err(ApiError::unprocessable("No pending deployment requests to approve or reject"));
    }
    let request = ReviewRequest {
        run: run.id,
        environments: waiting.iter().map(|it| it.environment.name.clone()).collect(),
        review: body.state,
        reviewer: account.login,
        comment: body.comment,
        head_sha: Some(run.head_sha.clone()),
    };
    let detail = json!({
        "state": body.state,
        "environments": request.environments,
        "head_sha": run.head_sha,
    });
    environments::review(&app, request).await?;
    let deployments: Vec<_> =
        waiting.iter().map(|it| deployment_json(&links, &run, &it.environment)).collect();
    Ok((Extension(AuditDetail(detail)), Json(Value::Array(deployments))))
}

/// `GET .../actions/runs/{run}/approvals`: the answers that were given.
pub(crate) async fn approvals(
    State(app): State<App>,
    (Repo(repository), ApiPath(path)): (Repo, ApiPath<RunPath>),
    links: Links,
) -> Result<Json<Value>, ApiError> {
    let run = runs::find(&app, &repository, path).await?;
    let mut db = app.db.acquire().await?;
    let reviews = reviews_of_run(&mut db, (repository.id, run.id)).await?;
    let body: Vec<_> = reviews.iter().map(|it| approval_json(&links, &repository, it)).collect();
    Ok(Json(Value::Array(body)))
}

/// The body of a gate's answer.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct GateBody {
    environment_name: String,
    #[schemars(with = "Option<String>", extend("enum" = ["approved", "rejected", null]))]
    state: Option<Review>,
    #[serde(default)]
    comment: String,
}

/// `POST .../actions/runs/{run}/deployment_protection_rule`: what a gate says. Without a state it says
/// only that it is at work.
pub(crate) async fn answer_gate(
    State(app): State<App>,
    Account(account): Account,
    (Repo(repository), ApiPath(path)): (Repo, ApiPath<RunPath>),
    ApiJson(body): ApiJson<GateBody>,
) -> Result<(Extension<AuditDetail>, StatusCode), ApiError> {
    let run = runs::find(&app, &repository, path).await?;
    let detail = json!({ "state": body.state, "environments": [body.environment_name] });
    if let Some(review) = body.state {
        let answer = GateAnswer {
            run: run.id,
            environment: body.environment_name,
            review,
            login: account.login,
            comment: body.comment,
        };
        environments::answer_gate(&app, answer).await?;
    }
    Ok((Extension(AuditDetail(detail)), StatusCode::NO_CONTENT))
}

/// Whether the account may answer for a waiting deployment of this run.
pub(crate) fn may_approve(
    (account, teams): (&Identity, &BTreeSet<String>),
    run: &RunView,
    waiting: &WaitingView,
) -> bool {
    let rules = &waiting.environment.rules;
    let has_approved = waiting.approved_by.iter().any(|it| it.eq_ignore_ascii_case(&account.login));
    !has_approved
        && account.rights.role_in(run.repository_id) >= Some(Role::Write)
        && rules.check_reviewer((&account.login, teams), &run.actor).is_ok()
}

fn pending_json(
    links: &Links,
    repository: &Repository,
    (waiting, may_approve): (&WaitingView, bool),
) -> Value {
    let rules = &waiting.environment.rules;
    json!({
        "environment": short_json(links, repository, &waiting.environment),
        "wait_timer": rules.wait_minutes,
        "wait_timer_started_at": waiting.waiting_since,
        "current_user_can_approve": may_approve,
        "reviewers": reviewers_json(links, rules),
    })
}

fn approval_json(links: &Links, repository: &Repository, review: &ReviewView) -> Value {
    let environments = review.environment.iter().map(|it| {
        let mut body = short_json(links, repository, it);
        body["created_at"] = json!(it.created_at);
        body["updated_at"] = json!(it.updated_at);
        body
    });
    json!({
        "environments": environments.collect::<Vec<_>>(),
        "state": review.state,
        "user": account_json(links, &review.reviewer),
        "comment": review.comment,
    })
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

impl From<ReviewError> for ApiError {
    fn from(error: ReviewError) -> Self {
        match error {
            ReviewError::NotFound(_) => Self::not_found(),
            ReviewError::OtherCommit { .. }
            | ReviewError::AlreadyReviewed(_)
            | ReviewError::AlreadyApproved { .. } => Self::conflict(error.to_string()),
            ReviewError::NotWaiting(_) => Self::unprocessable(error.to_string()),
            ReviewError::NotListed { .. }
            | ReviewError::OwnRun { .. }
            | ReviewError::NoGate { .. } => Self::forbidden(error.to_string()),
            ReviewError::Database(cause) => cause.into(),
        }
    }
}
