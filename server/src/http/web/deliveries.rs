//! The inbox as an administrator sees it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::App;
use crate::background::Topic;
use crate::deliveries::{self, DeliveryView, StartedRun};
use crate::http::error::ApiError;
use crate::http::extract::ApiPath;
use crate::http::guard::Account;

/// Deliveries in one answer.
const LIMIT: i64 = 100;

/// `GET /api/gantry/deliveries`.
pub(crate) async fn list(State(app): State<App>) -> Result<Json<Vec<DeliveryView>>, ApiError> {
    let mut db = app.db.acquire().await?;
    Ok(Json(deliveries::newest(&mut db, LIMIT).await?))
}

/// `GET /api/gantry/deliveries/{guid}`: with its body as text, and the runs it started.
pub(crate) async fn get(
    State(app): State<App>,
    ApiPath(guid): ApiPath<String>,
) -> Result<Json<Value>, ApiError> {
    let mut db = app.db.acquire().await?;
    let found = deliveries::find_delivery(&mut db, &guid).await?.ok_or_else(ApiError::not_found)?;
    let runs: Vec<_> = found.runs.iter().map(run_json).collect();
    Ok(Json(json!({
        "delivery": found.delivery,
        "repository": found.repository,
        "payload": String::from_utf8_lossy(&found.payload),
        "runs": runs,
    })))
}

/// `POST /api/gantry/deliveries/{guid}/redeliver`: works on it once more.
pub(crate) async fn redeliver(
    State(app): State<App>,
    Account(account): Account,
    ApiPath(guid): ApiPath<String>,
) -> Result<StatusCode, ApiError> {
    let mut db = app.db.acquire().await?;
    if !deliveries::redeliver(&mut db, &guid).await? {
        return Err(match deliveries::find_delivery(&mut db, &guid).await? {
            Some(_) => ApiError::conflict("This delivery has not been worked on yet."),
            None => ApiError::not_found(),
        });
    }
    tracing::info!(delivery.guid = guid, login = account.login, "works on a delivery once more");
    app.wakeups.wake(Topic::Deliveries);
    Ok(StatusCode::ACCEPTED)
}

fn run_json(run: &StartedRun) -> Value {
    json!({
        "id": run.id,
        "name": run.name,
        "repository": run.repository,
        "status": run.status,
        "conclusion": run.conclusion,
    })
}
