//! What was deployed to an environment.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::environments::history::{DeploymentView, deployments_to};
use crate::http::error::ApiError;
use crate::http::extract::{ApiPath, Repo};

/// `{environment}` of a path.
#[derive(Debug, Deserialize)]
pub(crate) struct EnvironmentName {
    environment: String,
}

/// `GET /api/gantry/repositories/{owner}/{repo}/environments/{environment}/deployments`.
pub(crate) async fn list(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<EnvironmentName>,
) -> Result<Json<Value>, ApiError> {
    let mut db = app.db.acquire().await?;
    let deployments = deployments_to(&mut db, repository.id, &path.environment).await?;
    let deployments: Vec<_> = deployments.iter().map(deployment_json).collect();
    Ok(Json(json!({ "deployments": deployments })))
}

fn deployment_json(deployment: &DeploymentView) -> Value {
    let review = deployment.review_state.as_ref().map(|state| {
        json!({ "state": state, "reviewer": deployment.reviewer, "comment": deployment.comment })
    });
    json!({
        "job_id": deployment.job_id,
        "job_name": deployment.job_name,
        "run_id": deployment.run_id,
        "run_attempt": deployment.run_attempt,
        "can_repeat": deployment.can_repeat,
        "title": deployment.title,
        "head_branch": deployment.head_branch,
        "head_sha": deployment.head_sha,
        "actor": deployment.actor,
        "status": deployment.status,
        "conclusion": deployment.conclusion,
        "environment_url": deployment.environment_url,
        "started_at": deployment.started_at,
        "completed_at": deployment.completed_at,
        "review": review,
    })
}
