//! Running runs again, and ending them by force, in GitHub's shape.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use gantry_protocol::{JobId, RunId};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::jobs::{self, JobPath};
use super::runs::{self, RunPath};
use crate::App;
use crate::accounts::Identity;
use crate::http::error::ApiError;
use crate::http::extract::{ApiPath, OptionalJson, Repo};
use crate::http::guard::Account;
use crate::runs::{ApproveError, RerunError, RerunRequest, RerunWhat};

/// The body; GitHub's clients also send none.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct Options {
    #[serde(default)]
    enable_debug_logging: bool,
}

type Answer = Result<(StatusCode, Json<Value>), ApiError>;

/// `POST .../actions/runs/{run}/rerun`.
pub(crate) async fn all(
    State(app): State<App>,
    Account(account): Account,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<RunPath>,
    OptionalJson(options): OptionalJson<Options>,
) -> Answer {
    let run = runs::find(&app, &repository, path).await?;
    rerun(&app, &account, (run.id, RerunWhat::All), options).await
}

/// `POST .../actions/runs/{run}/rerun-failed-jobs`.
pub(crate) async fn failed(
    State(app): State<App>,
    Account(account): Account,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<RunPath>,
    OptionalJson(options): OptionalJson<Options>,
) -> Answer {
    let run = runs::find(&app, &repository, path).await?;
    rerun(&app, &account, (run.id, RerunWhat::Failed), options).await
}

/// `POST .../actions/jobs/{job}/rerun`.
pub(crate) async fn job(
    State(app): State<App>,
    Account(account): Account,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<JobPath>,
    OptionalJson(options): OptionalJson<Options>,
) -> Answer {
    let (run, job) = jobs::find(&app, &repository, JobId(path.job)).await?;
    rerun(&app, &account, (run.id, RerunWhat::Job(job.id)), options).await
}

/// `POST .../actions/runs/{run}/force-cancel`.
pub(crate) async fn force_cancel(
    State(app): State<App>,
    Account(account): Account,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<RunPath>,
) -> Answer {
    let run = runs::find(&app, &repository, path).await?;
    let reason = format!("The run was canceled by @{}.", account.login);
    crate::runs::force_cancel(&app, run.id, &reason).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({}))))
}

/// `POST .../actions/runs/{run}/approve`.
pub(crate) async fn approve(
    State(app): State<App>,
    Account(account): Account,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<RunPath>,
) -> Answer {
    let run = runs::find(&app, &repository, path).await?;
    crate::runs::approve(&app, run.id, &account.login).await?;
    Ok((StatusCode::CREATED, Json(json!({}))))
}

async fn rerun(
    app: &App,
    account: &Identity,
    (run, what): (RunId, RerunWhat),
    options: Options,
) -> Answer {
    let request = RerunRequest {
        run,
        what,
        actor: account.login.clone(),
        debug_logging: options.enable_debug_logging,
    };
    crate::runs::rerun(app, &request).await?;
    Ok((StatusCode::CREATED, Json(json!({}))))
}

impl From<ApproveError> for ApiError {
    fn from(error: ApproveError) -> Self {
        match error {
            ApproveError::NotFound => Self::not_found(),
            ApproveError::NotWaiting => Self::forbidden(error.to_string()),
            ApproveError::Other(cause) => cause.into(),
        }
    }
}

impl From<RerunError> for ApiError {
    fn from(error: RerunError) -> Self {
        match error {
            RerunError::NotFound => Self::not_found(),
            RerunError::Other(cause) => cause.into(),
            refusal => Self::forbidden(refusal.to_string()),
        }
    }
}
