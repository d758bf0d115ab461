//! The gates of an environment, as GitHub's custom deployment protection rules.
//!
//! At GitHub a gate is an App; here it is an account of this server and a place that is told. Invariant: no
//! answer contains a gate's secret.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::environments::{EnvironmentPath, find};
use super::repositories::{account_id, node_id};
use crate::App;
use crate::environments::view::EnvironmentView;
use crate::environments::{self, GateView, NewGate};
use crate::http::error::ApiError;
use crate::http::extract::{ApiJson, ApiPath, Repo};
use crate::repositories::Repository;

/// GitHub's limit for one environment.
const MAX_GATES: usize = 6;

/// Shortest secret, in bytes, and longest URL.
const MIN_SECRET: usize = 16;
const MAX_URL: usize = 2000;

/// The body of a new gate.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct GateBody {
    /// The account of this server that answers.
    login: String,
    /// Where deployments are told of.
    url: String,
    /// What that is signed with.
    #[schemars(with = "String")]
    secret: SecretString,
}

/// `{environment}` and `{rule}` of a path.
#[derive(Debug, Deserialize)]
pub(crate) struct GatePath {
    environment: String,
    rule: i64,
}

/// `GET .../environments/{environment}/deployment_protection_rules`.
pub(crate) async fn list(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<EnvironmentPath>,
) -> Result<Json<Value>, ApiError> {
    let (_, gates) = read(&app, &repository, &path.environment).await?;
    let rules: Vec<_> = gates.iter().map(gate_json).collect();
    Ok(Json(json!({ "total_count": rules.len(), "custom_deployment_protection_rules": rules })))
}

/// `POST .../environments/{environment}/deployment_protection_rules`.
pub(crate) async fn create(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<EnvironmentPath>,
    ApiJson(body): ApiJson<GateBody>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    use secrecy::ExposeSecret as _;
    let (environment, gates) = read(&app, &repository, &path.environment).await?;
    if gates.len() >= MAX_GATES {
        let text = format!("an environment has at most {MAX_GATES} deployment protection rules");
        return Err(ApiError::unprocessable(text));
    }
    let is_login = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if body.login.is_empty() || !body.login.chars().all(is_login) {
        return Err(ApiError::unprocessable("`login` is letters, digits and hyphens"));
    }
    let is_web = |url: Url| matches!(url.scheme(), "http" | "https");
    if body.url.len() > MAX_URL || !Url::parse(&body.url).is_ok_and(is_web) {
        return Err(ApiError::unprocessable("`url` is a URL with `https` or `http`"));
    }
    if body.secret.expose_secret().len() < MIN_SECRET {
        let text = format!("`secret` has at least {MIN_SECRET} characters");
        return Err(ApiError::unprocessable(text));
    }
    let gate = NewGate { login: body.login, url: body.url, secret: body.secret };
    let created = environments::create_gate(&app, environment.id, &gate).await;
    let id = created.map_err(|error| match error.downcast::<sqlx::Error>() {
        Ok(error) => ApiError::from(error),
        Err(error) => error.into(),
    })?;
    let (_, gates) = read(&app, &repository, &path.environment).await?;
    let created = gates.iter().find(|gate| gate.id == id).ok_or_else(ApiError::not_found)?;
    Ok((StatusCode::CREATED, Json(gate_json(created))))
}

/// `GET .../environments/{environment}/deployment_protection_rules/{rule}`.
pub(crate) async fn get(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<GatePath>,
) -> Result<Json<Value>, ApiError> {
    let (_, gates) = read(&app, &repository, &path.environment).await?;
    let found = gates.iter().find(|gate| gate.id == path.rule).ok_or_else(ApiError::not_found)?;
    Ok(Json(gate_json(found)))
}

/// `DELETE .../environments/{environment}/deployment_protection_rules/{rule}`.
pub(crate) async fn delete(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<GatePath>,
) -> Result<StatusCode, ApiError> {
    let environment = find(&app, &repository, &path.environment).await?;
    let mut db = app.db.acquire().await?;
    let is_deleted = environments::delete_gate(&mut db, environment.id, path.rule).await?;
    drop(db);
    // Jobs that wait for it alone may go on.
    crate::runs::reconsider(&app, repository.id).await?;
    match is_deleted {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::not_found()),
    }
}

async fn read(
    app: &App,
    repository: &Repository,
    environment: &str,
) -> Result<(EnvironmentView, Vec<GateView>), ApiError> {
    let environment = find(app, repository, environment).await?;
    let mut db = app.db.acquire().await?;
    let gates = environments::list_gates(&mut db, environment.id).await?;
    Ok((environment, gates))
}

fn gate_json(gate: &GateView) -> Value {
    let app = account_id(&gate.login);
    json!({
        "id": gate.id,
        "node_id": node_id("GA", gate.id),
        "enabled": true,
        "created_at": gate.created_at,
        "url": gate.url,
        "app": {
            "id": app,
            "node_id": node_id("A", app),
            "slug": gate.login,
            "integration_url": gate.url,
        },
    })
}
