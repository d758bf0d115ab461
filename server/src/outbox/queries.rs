//! SQL on `outbox`.

use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

/// How long a claimed effect is left alone, so that a sender that died is replaced.
const CLAIM_SECONDS: f64 = 60.0;

/// An effect that has been claimed.
#[derive(Clone, Debug)]
pub struct Effect {
    pub id: i64,
    pub payload: serde_json::Value,
    /// Grows when the same effect is asked for again.
    pub revision: i64,
    /// This attempt included.
    pub n_attempts: i32,
}

/// Asks for an effect. One that is waiting under the same `kind` and `key` takes the new payload
/// and is due at once. That it has been attempted is kept: the outside may have seen the attempt
/// although we have not seen its answer.
pub async fn enqueue(
    db: &mut PgConnection,
    kind: &str,
    key: &str,
    payload: &serde_json::Value,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into outbox (kind, dedupe_key, payload)
         values ($1, $2, $3)
         on conflict (kind, dedupe_key) do update
         set payload = excluded.payload,
             revision = outbox.revision + 1,
             n_attempts = least(outbox.n_attempts, 1),
             next_attempt_at = now()",
        kind,
        key,
        payload
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Takes up to `limit` due effects, oldest first. They are due again after a minute unless
/// [`discard`] or [`postpone`] is called.
pub async fn claim(db: &mut PgConnection, kind: &str, limit: i64) -> sqlx::Result<Vec<Effect>> {
    sqlx::query_as!(
        Effect,
        "update outbox
         set n_attempts = n_attempts + 1,
             next_attempt_at = now() + make_interval(secs => $3)
         where id in (
             select id
             from outbox
             where kind = $1 and next_attempt_at <= now()
             order by id
             limit $2
             for update skip locked
         )
         returning id, payload, revision, n_attempts",
        kind,
        limit,
        CLAIM_SECONDS
    )
    .fetch_all(db)
    .await
}

/// When the next effect of this kind is due; it may be in the past.
pub async fn next_due(db: &mut PgConnection, kind: &str) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!("select min(next_attempt_at) from outbox where kind = $1", kind)
        .fetch_one(db)
        .await
}

/// The effect has happened, or never can. One that was asked for again meanwhile stays.
pub async fn discard(db: &mut PgConnection, effect: &Effect) -> sqlx::Result<()> {
    sqlx::query!("delete from outbox where id = $1 and revision = $2", effect.id, effect.revision)
        .execute(db)
        .await?;
    Ok(())
}

/// The effect failed and is due again after `delay`; one that was asked for again meanwhile stays
/// due at once.
pub async fn postpone(
    db: &mut PgConnection,
    effect: &Effect,
    error: &str,
    delay: Duration,
) -> anyhow::Result<()> {
    let delay = TimeDelta::from_std(delay).context("the delay of an outbox effect")?;
    let next_attempt_at: DateTime<Utc> = Utc::now() + delay;
    sqlx::query!(
        "update outbox
         set last_error = $3, next_attempt_at = $4
         where id = $1 and revision = $2",
        effect.id,
        effect.revision,
        error,
        next_attempt_at
    )
    .execute(db)
    .await
    .context("postponing an outbox effect")?;
    Ok(())
}
