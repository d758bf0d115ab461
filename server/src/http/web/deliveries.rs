//! The inbox as an administrator sees it.

use axum::Json;
use axum::extract::State;

use crate::App;
use crate::deliveries::{self, DeliveryView};
use crate::http::error::ApiError;

/// Deliveries in one answer.
const LIMIT: i64 = 100;

/// `GET /api/gantry/deliveries`.
pub(crate) async fn list(State(app): State<App>) -> Result<Json<Vec<DeliveryView>>, ApiError> {
    let mut db = app.db.acquire().await?;
    Ok(Json(deliveries::newest(&mut db, LIMIT).await?))
}
