//! Repositories as this server knows them.

use std::path::PathBuf;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::http::error::ApiError;
use crate::http::extract::ApiJson;
use crate::http::guard::Account;
use crate::repositories::{self, RegisterError, RegisterRepository, Repository};
use crate::triggers;

/// `GET /api/gantry/repositories`.
pub(crate) async fn list(
    State(app): State<App>,
    Account(account): Account,
) -> Result<Json<Value>, ApiError> {
    let mut db = app.db.acquire().await?;
    let mut repositories = repositories::list(&mut db).await?;
    repositories.retain(|it| account.rights.role_in(it.id).is_some());
    let body: Vec<_> = repositories.iter().map(repository_json).collect();
    Ok(Json(json!({ "total_count": body.len(), "repositories": body })))
}

/// The body of a registration.
#[derive(Debug, Deserialize)]
pub(crate) struct RegisterBody {
    path: PathBuf,
    full_name: Option<String>,
    #[serde(default)]
    docker_socket: bool,
}

/// `POST /api/gantry/repositories`.
pub(crate) async fn register(
    State(app): State<App>,
    Account(account): Account,
    ApiJson(body): ApiJson<RegisterBody>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let request = RegisterRepository {
        path: body.path,
        full_name: body.full_name,
        docker_socket: body.docker_socket,
    };
    let mut db = app.db.acquire().await?;
    let repository = repositories::register(&mut db, &request).await?;
    tracing::info!(
        repository = repository.full_name(),
        path = repository.local_path,
        docker_socket = repository.docker_socket,
        login = account.login,
        "registered a repository"
    );
    drop(db);
    // A repository that cannot be read now is read at its next push.
    if let Err(error) = triggers::read_default_branch(&app, &repository).await {
        tracing::warn!(repository = repository.full_name(), "reading the workflows: {error:#}");
    }
    Ok((StatusCode::CREATED, Json(repository_json(&repository))))
}

fn repository_json(repository: &Repository) -> Value {
    json!({
        "id": repository.id,
        "full_name": repository.full_name(),
        "default_branch": repository.default_branch,
        "path": repository.local_path,
        "workflow_directory": repository.workflow_directory,
        "docker_socket": repository.docker_socket,
    })
}

impl From<RegisterError> for ApiError {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Database(cause) => cause.into(),
            RegisterError::Git(cause) => anyhow::Error::new(cause).context("running git").into(),
            RegisterError::Relative(_)
            | RegisterError::NotGit { .. }
            | RegisterError::Name(_)
            | RegisterError::NoBranch(_) => Self::unprocessable(error.to_string()),
        }
    }
}
