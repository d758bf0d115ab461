//! `POST /runner/v1/register`

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use gantry_protocol::{RegisterRequest, RegisterResponse};

use super::caller::bearer;
use crate::App;
use crate::background::Topic;
use crate::http::ApiError;
use crate::http::extract::ApiJson;
use crate::runners::{self, RegisterError};

pub(in crate::http) async fn register(
    State(app): State<App>,
    headers: HeaderMap,
    ApiJson(request): ApiJson<RegisterRequest>,
) -> Result<Json<RegisterResponse>, ApiError> {
    let token = bearer(&headers).unwrap_or_default();
    let mut connection = app.db.acquire().await?;
    let response = runners::register(&mut connection, token, &request).await?;
    drop(connection);
    tracing::info!(runner.id = response.runner_id.0, name = request.name, "runner registered");
    // Why queued jobs wait may have changed.
    app.wakeups.wake(Topic::Queue);
    Ok(Json(response))
}

impl From<RegisterError> for ApiError {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::BadToken => Self::unauthorized(error.to_string()),
            RegisterError::Invalid(_) => Self::unprocessable(error.to_string()),
            RegisterError::Database(cause) => cause.into(),
        }
    }
}
