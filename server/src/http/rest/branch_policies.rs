//! Which branches and tags may be deployed to an environment, in GitHub's shape.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use gantry_workflow::advance::RefKind;
use gantry_workflow::trigger::Pattern;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::environments::find;
use super::paging::Page;
use super::repositories::node_id;
use crate::App;
use crate::environments::view::EnvironmentView;
use crate::environments::{self, RefPolicyView};
use crate::http::error::ApiError;
use crate::http::extract::{ApiJson, ApiPath, Repo};
use crate::repositories::Repository;

/// `{environment}` and, where the route has it, `{policy}`.
#[derive(Debug, Deserialize)]
pub(crate) struct PolicyPath {
    environment: String,
    policy: Option<i64>,
}

/// `GET .../deployment-branch-policies`.
pub(crate) async fn list(
    State(app): State<App>,
    Repo(repository): Repo,
    (ApiPath(path), page): (ApiPath<PolicyPath>, Page),
) -> Result<Response, ApiError> {
    let (_, policies) = read(&app, &repository, &path).await?;
    let total = i64::try_from(policies.len()).unwrap_or(i64::MAX);
    let policies: Vec<_> = page.cut(policies).iter().map(policy_json).collect();
    Ok(page.answer(total, Json(json!({ "total_count": total, "branch_policies": policies }))))
}

/// `GET .../deployment-branch-policies/{policy}`.
pub(crate) async fn get(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<PolicyPath>,
) -> Result<Json<Value>, ApiError> {
    let (_, policies) = read(&app, &repository, &path).await?;
    let found = policies.iter().find(|policy| Some(policy.id) == path.policy);
    found.map(|policy| Json(policy_json(policy))).ok_or_else(ApiError::not_found)
}

/// The body of a policy.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct PolicyBody {
    name: String,
    #[serde(rename = "type")]
    #[schemars(with = "Option<String>")]
    kind: Option<RefKind>,
}

/// `POST .../deployment-branch-policies`.
pub(crate) async fn create(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<PolicyPath>,
    ApiJson(body): ApiJson<PolicyBody>,
) -> Result<Json<Value>, ApiError> {
    let environment = find(&app, &repository, &path.environment).await?;
    // GitHub answers 404 for an environment without policies of its own.
    if !environment.rules.has_ref_policies {
        return Err(ApiError::not_found());
    }
    check(&body.name)?;
    let policy = (body.kind.unwrap_or(RefKind::Branch), body.name.as_str());
    let mut db = app.db.acquire().await?;
    let id = environments::create_policy(&mut db, environment.id, policy).await?;
    drop(db);
    answer(&app, repository, PolicyPath { policy: Some(id), ..path }).await
}

/// `PUT .../deployment-branch-policies/{policy}`.
pub(crate) async fn update(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<PolicyPath>,
    ApiJson(body): ApiJson<PolicyBody>,
) -> Result<Json<Value>, ApiError> {
    let environment = find(&app, &repository, &path.environment).await?;
    check(&body.name)?;
    let policy = (path.policy.unwrap_or_default(), body.name.as_str());
    let mut db = app.db.acquire().await?;
    if !environments::rename_policy(&mut db, environment.id, policy).await? {
        return Err(ApiError::not_found());
    }
    drop(db);
    answer(&app, repository, path).await
}

/// `DELETE .../deployment-branch-policies/{policy}`.
pub(crate) async fn delete(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<PolicyPath>,
) -> Result<StatusCode, ApiError> {
    let environment = find(&app, &repository, &path.environment).await?;
    let id = path.policy.unwrap_or_default();
    let mut db = app.db.acquire().await?;
    match environments::delete_policy(&mut db, environment.id, id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::not_found()),
    }
}

async fn answer(
    app: &App,
    repository: Repository,
    path: PolicyPath,
) -> Result<Json<Value>, ApiError> {
    // What waits may be refused now, or may go on.
    crate::runs::reconsider(app, repository.id).await?;
    get(State(app.clone()), Repo(repository), ApiPath(path)).await
}

async fn read(
    app: &App,
    repository: &Repository,
    path: &PolicyPath,
) -> Result<(EnvironmentView, Vec<RefPolicyView>), ApiError> {
    let environment = find(app, repository, &path.environment).await?;
    let mut db = app.db.acquire().await?;
    let policies = environments::list_policies(&mut db, environment.id).await?;
    Ok((environment, policies))
}

fn check(pattern: &str) -> Result<(), ApiError> {
    match Pattern::parse(pattern) {
        Ok(pattern) if !pattern.is_negative() => Ok(()),
        Ok(_) => Err(ApiError::unprocessable("a policy names what may be deployed, without `!`")),
        Err(error) => Err(ApiError::unprocessable(error.to_string())),
    }
}

fn policy_json(policy: &RefPolicyView) -> Value {
    json!({
        "id": policy.id,
        "node_id": node_id("DBP", policy.id),
        "name": policy.pattern,
        "type": policy.kind.as_str(),
    })
}
