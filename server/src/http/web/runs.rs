//! Runs of all repositories, and one run with everything a page shows of it.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use gantry_protocol::RunId;
use serde::Deserialize;
use serde_json::Value;

use super::run_detail::run_detail;
use crate::App;
use crate::http::error::ApiError;
use crate::http::extract::{ApiPath, ApiQuery};
use crate::http::guard::Account;
use crate::http::links::Links;
use crate::http::rest::paging::Page;
use crate::http::rest::runs::answer_list;
use crate::repositories::find_by_full_name;
use crate::runs::view::RunFilter;

/// Which runs to list.
#[derive(Debug, Deserialize)]
pub(crate) struct ListQuery {
    /// `owner/name`.
    repository: Option<String>,
}

/// `GET /api/gantry/runs`.
pub(crate) async fn list(
    State(app): State<App>,
    ApiQuery(query): ApiQuery<ListQuery>,
    (links, page): (Links, Page),
) -> Result<Response, ApiError> {
    let mut filter = RunFilter::default();
    if let Some(full_name) = query.repository.filter(|name| !name.is_empty()) {
        let (owner, name) = full_name.split_once('/').unwrap_or((&full_name, ""));
        let mut db = app.db.acquire().await?;
        let repository =
            find_by_full_name(&mut db, owner, name).await?.ok_or_else(ApiError::not_found)?;
        filter.repository = Some(repository.id);
    }
    answer_list(&app, &links, &page, &filter).await
}

/// `GET /api/gantry/runs/{run}`.
pub(crate) async fn get(
    State(app): State<App>,
    Account(account): Account,
    ApiPath(run): ApiPath<i64>,
    links: Links,
) -> Result<Json<Value>, ApiError> {
    let mut db = app.db.acquire().await?;
    let detail = run_detail(&mut db, &links, (RunId(run), &account)).await?;
    detail.map(|detail| Json(detail.body)).ok_or_else(ApiError::not_found)
}
