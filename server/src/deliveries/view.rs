//! Reading the inbox: what came, and what became of it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;

/// A delivery without its payload.
#[derive(Clone, Debug, Serialize)]
pub struct DeliveryView {
    pub guid: String,
    pub source: String,
    pub event: String,
    /// `pending`, `processed`, `ignored` or `failed`.
    pub status: String,
    /// In words: what it started, why it did not start the rest, or why it failed.
    pub reason: Option<String>,
    pub n_attempts: i32,
    pub received_at: DateTime<Utc>,
    pub completed_at: Option<DateTime<Utc>>,
}

/// The newest deliveries, newest first.
pub async fn newest(db: &mut PgConnection, limit: i64) -> sqlx::Result<Vec<DeliveryView>> {
    sqlx::query_as!(
        DeliveryView,
        "select guid, source, event, status, reason, n_attempts, received_at, completed_at
         from deliveries
         order by id desc
         limit $1",
        limit,
    )
    .fetch_all(db)
    .await
}
