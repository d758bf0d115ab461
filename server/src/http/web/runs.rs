//! Runs of all repositories, and one run with everything a page shows of it.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use gantry_protocol::RunId;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::run_detail::{Look, run_detail};
use crate::App;
use crate::accounts::{Identity, Rights};
use crate::environments;
use crate::environments::view::waiting_environments;
use crate::http::error::ApiError;
use crate::http::extract::{ApiPath, ApiQuery};
use crate::http::guard::Account;
use crate::http::links::Links;
use crate::http::rest::runs::{RunPath, run_json};
use crate::repositories::find_by_full_name;
use crate::runs::run_list::{self, ListFilter};
use crate::runs::view::repository_of;
use crate::runs::workflow_view::find_workflow;

/// Runs in an answer, unless the caller asks for more or fewer.
const DEFAULT_PER_PAGE: i64 = 30;

/// Most runs in an answer.
const MAX_PER_PAGE: i64 = 100;

/// Which runs to list. An empty text restricts nothing.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct ListQuery {
    /// `owner/name`.
    #[serde(default)]
    repository: String,
    /// Its number, file name or path; only together with `repository`.
    #[serde(default)]
    workflow: String,
    #[serde(default)]
    branch: String,
    #[serde(default)]
    event: String,
    #[serde(default)]
    actor: String,
    /// Statuses and conclusions with commas between them.
    #[serde(default)]
    status: String,
    /// Words that all occur in the title, the workflow, the repository, the branch or the sha.
    #[serde(default)]
    q: String,
    /// `next_cursor` of the answer that this one goes on from.
    before: Option<i64>,
    per_page: Option<i64>,
}

/// `GET /api/gantry/runs`: newest first. `next_cursor` is null on the last page.
pub(crate) async fn list(
    State(app): State<App>,
    Account(account): Account,
    ApiQuery(query): ApiQuery<ListQuery>,
    links: Links,
) -> Result<Json<Value>, ApiError> {
    let limit = query.per_page.unwrap_or(DEFAULT_PER_PAGE).clamp(1, MAX_PER_PAGE);
    let filter = query.filter(&app, &account.rights).await?;
    let mut db = app.db.acquire().await?;
    let page = run_list::newest_runs(&mut db, &filter, limit).await?;
    let runs: Vec<_> = page.runs.iter().map(|run| run_json(&links, run)).collect();
    Ok(Json(json!({ "workflow_runs": runs, "next_cursor": page.next_cursor })))
}

impl ListQuery {
    async fn filter(self, app: &App, rights: &Rights) -> Result<ListFilter, ApiError> {
        let given = |text: String| Some(text).filter(|text| !text.is_empty());
        let words = |text: &str, separator: fn(char) -> bool| -> Vec<String> {
            text.split(separator).filter(|word| !word.is_empty()).map(str::to_owned).collect()
        };
        let mut filter = ListFilter {
            visible: rights.visible(),
            repository: None,
            workflow: None,
            states: words(&self.status, |c| c == ','),
            words: words(&self.q, char::is_whitespace),
            branch: given(self.branch),
            event: given(self.event),
            actor: given(self.actor),
            before: self.before,
        };
        if self.repository.is_empty() {
            return Ok(filter);
        }
        let (owner, name) = self.repository.split_once('/').unwrap_or((&self.repository, ""));
        let mut db = app.db.acquire().await?;
        let repository =
            find_by_full_name(&mut db, owner, name).await?.ok_or_else(ApiError::not_found)?;
        rights.role_in(repository.id).ok_or_else(ApiError::not_found)?;
        filter.repository = Some(repository.id);
        if !self.workflow.is_empty() {
            let workflow = find_workflow(&mut db, repository.id, &self.workflow).await?;
            filter.workflow = Some(workflow.ok_or_else(ApiError::not_found)?.id);
        }
        Ok(filter)
    }
}

/// `GET /api/gantry/runs/{run}` and `.../attempts/{attempt}`.
pub(crate) async fn get(
    State(app): State<App>,
    Account(account): Account,
    ApiPath(path): ApiPath<RunPath>,
    links: Links,
) -> Result<Json<Value>, ApiError> {
    ask_for_teams(&app, &account, RunId(path.run)).await?;
    let mut db = app.db.acquire().await?;
    let look = Look { run: RunId(path.run), attempt: path.attempt, account: &account };
    let detail = run_detail(&mut db, &links, look).await?;
    detail.map(|detail| Json(detail.body)).ok_or_else(ApiError::not_found)
}

/// So that it is known whether the account belongs to a team whose review the run waits for.
async fn ask_for_teams(app: &App, account: &Identity, run: RunId) -> Result<(), ApiError> {
    let mut db = app.db.acquire().await?;
    let Some(repository) = repository_of(&mut db, run).await? else { return Ok(()) };
    let waiting = waiting_environments(&mut db, (repository, run)).await?;
    drop(db);
    let rules = waiting.iter().map(|it| &it.environment.rules);
    environments::teams_of(app, &account.login, rules).await;
    Ok(())
}

/// `GET /api/gantry/runs/{run}/payload`: the body of the delivery that caused the run, as it came.
pub(crate) async fn payload(
    State(app): State<App>,
    ApiPath(run): ApiPath<i64>,
) -> Result<Response, ApiError> {
    let mut db = app.db.acquire().await?;
    let payload = crate::runs::cause::payload_of_run(&mut db, RunId(run)).await?;
    let payload = payload.ok_or_else(ApiError::not_found)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], Bytes::from(payload)).into_response())
}
