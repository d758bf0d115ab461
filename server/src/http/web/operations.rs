//! What an operator and their tools ask: alive, ready, metrics, reconcilers, new runners.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::App;
use crate::http::error::ApiError;
use crate::{metrics, runners};

/// How long a runner's registration token works, as on GitHub.
const REGISTRATION_MINUTES: i64 = 60;

/// `GET /healthz`: the process answers.
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: it can also reach its database.
pub(crate) async fn readyz(State(app): State<App>) -> (StatusCode, &'static str) {
    match app.db.acquire().await {
        Ok(_) => (StatusCode::OK, "ready\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n"),
    }
}

/// `GET /metrics`.
pub(crate) async fn metrics_page(State(app): State<App>) -> Result<impl IntoResponse, ApiError> {
    let text = metrics::render(&app.db).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text))
}

/// `GET /api/gantry/reconcilers`: what each did last.
pub(crate) async fn reconcilers(State(app): State<App>) -> Json<Value> {
    let newest = app.passes.newest();
    let passes: Vec<_> = newest
        .iter()
        .map(|(name, record)| {
            json!({
                "name": name,
                "ended_at": record.ended_at,
                "duration_ms": u64::try_from(record.duration.as_millis()).unwrap_or(u64::MAX),
                "n_changed": record.outcome.as_ref().ok(),
                "error": record.outcome.as_ref().err(),
            })
        })
        .collect();
    Json(json!({ "reconcilers": passes }))
}

/// `POST /api/gantry/runners/registration-token`.
pub(crate) async fn registration_token(
    State(app): State<App>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let expires_at = Utc::now() + TimeDelta::minutes(REGISTRATION_MINUTES);
    let mut db = app.db.acquire().await?;
    let token = runners::issue_registration_token(&mut db, expires_at).await?;
    Ok((StatusCode::CREATED, Json(json!({ "token": token, "expires_at": expires_at }))))
}
