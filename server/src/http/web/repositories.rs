//! Repositories as this server knows them.

use std::path::PathBuf;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::github::GitHubError;
use crate::http::error::ApiError;
use crate::http::extract::{ApiJson, Repo};
use crate::http::guard::Account;
use crate::repositories::{
    self, ConnectError, ForkApproval, RegisterError, RegisterRepository, Repository, Settings,
};
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
#[derive(Debug, Deserialize, JsonSchema)]
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
        path = repository.local_path(),
        docker_socket = repository.docker_socket,
        login = account.login,
        "registered a repository"
    );
    drop(db);
    read_workflows(&app, &repository).await;
    Ok((StatusCode::CREATED, Json(repository_json(&repository))))
}

/// The body of a connection.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct ConnectBody {
    full_name: String,
    shadow: Option<bool>,
    workflow_directory: Option<String>,
    docker_socket: Option<bool>,
}

/// What a person may change of a repository; what is left out stays.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct SettingsBody {
    enabled: Option<bool>,
    shadow: Option<bool>,
    report_statuses: Option<bool>,
    report_skipped: Option<bool>,
    fork_approval: Option<String>,
    approve_pull_request_target: Option<bool>,
    workflow_directory: Option<String>,
    docker_socket: Option<bool>,
}

impl SettingsBody {
    fn read(self) -> Result<Settings, ApiError> {
        let fits = |directory: &str| {
            !directory.is_empty()
                && directory.split('/').all(|part| !matches!(part, "" | "." | ".."))
                && !directory.contains(|c: char| c.is_control())
        };
        if self.workflow_directory.as_deref().is_some_and(|directory| !fits(directory)) {
            let message = "`workflow_directory` must be a path within the repository";
            return Err(ApiError::unprocessable(message));
        }
        let word = |word: &str| {
            ForkApproval::from_word(word).ok_or_else(|| {
                let message = "`fork_approval` is one of: never, first_time, outside";
                ApiError::unprocessable(message)
            })
        };
        let fork_approval = self.fork_approval.as_deref().map(word).transpose()?;
        Ok(Settings {
            is_enabled: self.enabled,
            is_shadow: self.shadow,
            reports_statuses: self.report_statuses,
            reports_skipped: self.report_skipped,
            fork_approval,
            holds_targets: self.approve_pull_request_target,
            workflow_directory: self.workflow_directory,
            docker_socket: self.docker_socket,
        })
    }
}

/// `POST /api/gantry/github/repositories`: a repository in which the GitHub App is installed.
pub(crate) async fn connect(
    State(app): State<App>,
    Account(account): Account,
    ApiJson(body): ApiJson<ConnectBody>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let settings = SettingsBody {
        enabled: None,
        shadow: body.shadow,
        report_statuses: None,
        report_skipped: None,
        fork_approval: None,
        approve_pull_request_target: None,
        workflow_directory: body.workflow_directory,
        docker_socket: body.docker_socket,
    };
    let settings = settings.read()?;
    let repository = repositories::connect(&app, &body.full_name, settings).await?;
    tracing::info!(
        repository = repository.full_name(),
        login = account.login,
        "connected a repository of GitHub"
    );
    read_workflows(&app, &repository).await;
    Ok((StatusCode::CREATED, Json(repository_json(&repository))))
}

/// `PATCH /api/gantry/repositories/{owner}/{repo}`.
pub(crate) async fn change(
    Repo(repository): Repo,
    State(app): State<App>,
    Account(account): Account,
    ApiJson(body): ApiJson<SettingsBody>,
) -> Result<Json<Value>, ApiError> {
    let settings = body.read()?;
    let mut db = app.db.acquire().await?;
    repositories::change_settings(&mut db, repository.id, &settings).await?;
    let changed = repositories::find_by_id(&mut db, repository.id).await?;
    drop(db);
    let changed = changed.ok_or_else(ApiError::not_found)?;
    tracing::info!(
        repository = changed.full_name(),
        login = account.login,
        ?settings,
        "changed the settings of a repository"
    );
    if changed.is_enabled {
        read_workflows(&app, &changed).await;
    }
    Ok(Json(repository_json(&changed)))
}

/// A repository that cannot be read now is read at its next push.
async fn read_workflows(app: &App, repository: &Repository) {
    if let Err(error) = triggers::read_default_branch(app, repository).await {
        tracing::warn!(repository = repository.full_name(), "reading the workflows: {error:#}");
    }
}

fn repository_json(repository: &Repository) -> Value {
    json!({
        "id": repository.id,
        "full_name": repository.full_name(),
        "default_branch": repository.default_branch,
        "path": repository.local_path(),
        "github_id": repository.github().map(|it| it.id),
        "is_installed": repository.github().is_none_or(|it| it.installation.is_some()),
        "enabled": repository.is_enabled,
        "shadow": repository.is_shadow,
        "report_statuses": repository.reports_statuses,
        "report_skipped": repository.reports_skipped,
        "fork_approval": repository.fork_approval.as_str(),
        "approve_pull_request_target": repository.holds_targets,
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

impl From<ConnectError> for ApiError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Database(cause) => cause.into(),
            ConnectError::Name(cause) => cause.into(),
            ConnectError::GitHub(GitHubError::Later { reason, .. }) => {
                Self::new(StatusCode::BAD_GATEWAY, reason)
            }
            ConnectError::GitHub(_) | ConnectError::NotFound(_) | ConnectError::NameTaken(_) => {
                Self::unprocessable(error.to_string())
            }
        }
    }
}
