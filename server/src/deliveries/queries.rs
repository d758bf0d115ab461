//! SQL on `deliveries`.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use sqlx::PgConnection;

use super::retry::{MAX_ATTEMPTS, pauses_seconds};
use super::{Delivery, NewDelivery, Outcome};
use crate::db::clean;

/// Longest name kept, in bytes.
const MAX_NAME_BYTES: usize = 512;

/// Longest reason kept, in bytes.
const MAX_REASON_BYTES: usize = 64 * 1024;

/// Stores a delivery. False when its guid is known already; nothing changes then.
pub async fn store(db: &mut PgConnection, delivery: NewDelivery<'_>) -> sqlx::Result<bool> {
    let stored = sqlx::query!(
        "insert into deliveries (guid, source, event, payload, repository)
         values ($1, $2, $3, $4, $5)
         on conflict (guid) do nothing",
        delivery.guid,
        delivery.source.as_str(),
        delivery.event,
        delivery.payload,
        repository_of(delivery.payload),
    )
    .execute(db)
    .await?;
    Ok(stored.rows_affected() > 0)
}

/// What deliveries are kept in order by: the repository's name in lower case, or nothing.
fn repository_of(payload: &[u8]) -> String {
    #[derive(Default, Deserialize)]
    struct Payload {
        repository: Option<Named>,
    }
    #[derive(Deserialize)]
    struct Named {
        full_name: Option<String>,
    }
    let payload: Payload = serde_json::from_slice(payload).unwrap_or_default();
    let name = payload.repository.and_then(|repository| repository.full_name).unwrap_or_default();
    clean(&name.to_lowercase(), MAX_NAME_BYTES)
}

/// Takes the oldest delivery that is due and of none of the repositories `in_work`, and sets the time of its next attempt, which comes only if
/// neither [`finish`] nor [`note_failure`] ends it before. One statement: the way of a delivery
/// waits for its commit.
pub async fn claim(db: &mut PgConnection, in_work: &[String]) -> sqlx::Result<Option<Delivery>> {
    sqlx::query_as!(
        Delivery,
        "update deliveries
         set n_attempts = n_attempts + 1,
             next_attempt_at = clock_timestamp() + make_interval(
                 secs => ($1::double precision[])[least(n_attempts + 1, cardinality($1))]
             )
         where id = (
             select id
             from deliveries
             where status = 'pending' and next_attempt_at <= clock_timestamp()
                 and repository <> all($2)
             order by id
             limit 1
             for update skip locked
         )
         returning id, guid, event, payload, repository, n_attempts",
        &pauses_seconds(),
        in_work,
    )
    .fetch_optional(db)
    .await
}

/// Ends a delivery. In the transaction of whatever it started.
pub async fn finish(
    db: &mut PgConnection,
    delivery: &Delivery,
    outcome: &Outcome,
) -> sqlx::Result<()> {
    let (status, reason) = match outcome {
        Outcome::Processed(reason) => ("processed", reason),
        Outcome::Ignored(reason) => ("ignored", reason),
    };
    sqlx::query!(
        "update deliveries
         set status = $2, reason = $3, completed_at = clock_timestamp()
         where id = $1 and status = 'pending'",
        delivery.id,
        status,
        clean(reason, MAX_REASON_BYTES),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Records why an attempt failed. After the last attempt the delivery ends as `failed`.
pub async fn note_failure(
    db: &mut PgConnection,
    delivery: &Delivery,
    error: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update deliveries
         set reason = $2,
             status = case when n_attempts >= $3 then 'failed' else status end,
             completed_at = case when n_attempts >= $3 then clock_timestamp() end
         where id = $1 and status = 'pending'",
        delivery.id,
        clean(error, MAX_REASON_BYTES),
        MAX_ATTEMPTS,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// When the next pending delivery may be claimed.
pub async fn next_due(db: &mut PgConnection) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!("select min(next_attempt_at) from deliveries where status = 'pending'")
        .fetch_one(db)
        .await
}
