//! Runners in GitHub's shape.
//!
//! Runners here serve every repository. Invariant: who administers some repositories only may look at
//! them and changes nothing.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use gantry_protocol::RunnerId;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::paging::Page;
use crate::App;
use crate::accounts::{Identity, Role};
use crate::http::error::ApiError;
use crate::http::extract::{ApiJson, ApiPath, ApiQuery, Repo};
use crate::http::guard::Account;
use crate::http::web::operations;
use crate::jobs::workload::{OpenJob, running_jobs};
use crate::runners::{
    LabelChange, LabelError, RunnerView, change_labels, list_runners, remove_runner,
};

/// Which runners to list.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct RunnerQuery {
    name: Option<String>,
}

/// `GET .../actions/runners`.
pub(crate) async fn list(
    State(app): State<App>,
    Repo(_): Repo,
    ApiQuery(query): ApiQuery<RunnerQuery>,
    page: Page,
) -> Result<Response, ApiError> {
    let (mut runners, jobs) = read(&app).await?;
    runners.retain(|runner| query.name.as_ref().is_none_or(|name| runner.name == *name));
    let total = i64::try_from(runners.len()).unwrap_or(i64::MAX);
    let runners: Vec<_> = page.cut(runners).iter().map(|it| runner_json(it, &jobs)).collect();
    Ok(page.answer(total, Json(json!({ "total_count": total, "runners": runners }))))
}

/// `{runner}`, and the name of a label where the route has one.
#[derive(Debug, Deserialize)]
pub(crate) struct RunnerPath {
    runner: i64,
    name: Option<String>,
}

/// `GET .../actions/runners/{runner}`.
pub(crate) async fn get(
    State(app): State<App>,
    Repo(_): Repo,
    ApiPath(path): ApiPath<RunnerPath>,
) -> Result<Json<Value>, ApiError> {
    let (runners, jobs) = read(&app).await?;
    Ok(Json(runner_json(&pick(runners, path.runner)?, &jobs)))
}

/// `DELETE .../actions/runners/{runner}`.
pub(crate) async fn delete(
    State(app): State<App>,
    Account(account): Account,
    Repo(_): Repo,
    ApiPath(path): ApiPath<RunnerPath>,
) -> Result<StatusCode, ApiError> {
    must_administer(&account)?;
    let (runners, jobs) = read(&app).await?;
    let runner = pick(runners, path.runner)?;
    if is_busy(&runner, &jobs) {
        let message = format!("Runner \"{}\" is currently running a job", runner.name);
        return Err(ApiError::unprocessable(message));
    }
    let mut db = app.db.acquire().await?;
    match remove_runner(&mut db, RunnerId(runner.id)).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::not_found()),
    }
}

/// `POST .../actions/runners/registration-token`.
pub(crate) async fn registration_token(
    State(app): State<App>,
    Account(account): Account,
    Repo(_): Repo,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    must_administer(&account)?;
    operations::registration_token(State(app)).await
}

/// `GET .../actions/runners/{runner}/labels`.
pub(crate) async fn labels(
    State(app): State<App>,
    Repo(_): Repo,
    ApiPath(path): ApiPath<RunnerPath>,
) -> Result<Json<Value>, ApiError> {
    let (runners, _) = read(&app).await?;
    Ok(list_of_labels(&pick(runners, path.runner)?))
}

/// The body of a change.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct LabelsBody {
    labels: Vec<String>,
}

/// `POST .../actions/runners/{runner}/labels`.
pub(crate) async fn add_labels(
    State(app): State<App>,
    Account(account): Account,
    (Repo(_), ApiPath(path)): (Repo, ApiPath<RunnerPath>),
    ApiJson(body): ApiJson<LabelsBody>,
) -> Result<Json<Value>, ApiError> {
    change(&app, &account, (path.runner, LabelChange::Add(body.labels))).await
}

/// `PUT .../actions/runners/{runner}/labels`.
pub(crate) async fn set_labels(
    State(app): State<App>,
    Account(account): Account,
    (Repo(_), ApiPath(path)): (Repo, ApiPath<RunnerPath>),
    ApiJson(body): ApiJson<LabelsBody>,
) -> Result<Json<Value>, ApiError> {
    change(&app, &account, (path.runner, LabelChange::Set(body.labels))).await
}

/// `DELETE .../actions/runners/{runner}/labels` and `.../labels/{name}`.
pub(crate) async fn remove_labels(
    State(app): State<App>,
    Account(account): Account,
    Repo(_): Repo,
    ApiPath(path): ApiPath<RunnerPath>,
) -> Result<Json<Value>, ApiError> {
    let wanted = path.name.map_or(LabelChange::RemoveAll, LabelChange::Remove);
    change(&app, &account, (path.runner, wanted)).await
}

async fn change(
    app: &App,
    account: &Identity,
    (id, change): (i64, LabelChange),
) -> Result<Json<Value>, ApiError> {
    must_administer(account)?;
    let (runners, _) = read(app).await?;
    let runner = pick(runners, id)?;
    let mut db = app.db.acquire().await?;
    change_labels(&mut db, &runner, change).await?;
    drop(db);
    app.wakeups.wake(crate::background::Topic::Queue);
    let (runners, _) = read(app).await?;
    Ok(list_of_labels(&pick(runners, id)?))
}

async fn read(app: &App) -> Result<(Vec<RunnerView>, Vec<OpenJob>), ApiError> {
    let mut db = app.db.acquire().await?;
    Ok((list_runners(&mut db).await?, running_jobs(&mut db).await?))
}

fn pick(runners: Vec<RunnerView>, id: i64) -> Result<RunnerView, ApiError> {
    runners.into_iter().find(|runner| runner.id == id).ok_or_else(ApiError::not_found)
}

fn must_administer(account: &Identity) -> Result<(), ApiError> {
    match account.rights.everywhere() >= Some(Role::Admin) {
        true => Ok(()),
        false => Err(ApiError::forbidden("runners serve every repository of this server")),
    }
}

fn is_busy(runner: &RunnerView, jobs: &[OpenJob]) -> bool {
    jobs.iter().any(|job| job.runner_id == Some(runner.id))
}

fn runner_json(runner: &RunnerView, jobs: &[OpenJob]) -> Value {
    json!({
        "id": runner.id,
        "name": runner.name,
        "os": "linux",
        "status": if runner.is_online { "online" } else { "offline" },
        "busy": is_busy(runner, jobs),
        "ephemeral": false,
        "version": runner.version,
        "labels": label_json(runner),
    })
}

fn list_of_labels(runner: &RunnerView) -> Json<Value> {
    let labels = label_json(runner);
    Json(json!({ "total_count": labels.len(), "labels": labels }))
}

/// GitHub numbers labels; ours are numbered within their runner.
fn label_json(runner: &RunnerView) -> Vec<Value> {
    let own = runner.labels.iter().map(|name| (name, "read-only"));
    let given = runner.custom_labels.iter().map(|name| (name, "custom"));
    own.chain(given)
        .zip(1..)
        .map(|((name, kind), id)| json!({ "id": id, "name": name, "type": kind }))
        .collect()
}

impl From<LabelError> for ApiError {
    fn from(error: LabelError) -> Self {
        match error {
            LabelError::NotThere => Self::not_found(),
            LabelError::Invalid => Self::unprocessable(error.to_string()),
            LabelError::Database(cause) => cause.into(),
        }
    }
}
