//! SQL on `audit_events`.

use serde_json::Value;
use sqlx::PgConnection;

use super::chain::Head;
use super::event::{AuditEntry, EventId, NewEvent};

pub(super) async fn insert(
    db: &mut PgConnection,
    event: &NewEvent,
    outcome: Option<&str>,
    detail: &Value,
) -> sqlx::Result<EventId> {
    let id = sqlx::query_scalar!(
        "insert into audit_events
             (actor_kind, actor, address, action, repository, target, outcome, detail)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         returning id",
        event.actor.kind(),
        event.actor.name(),
        event.address,
        event.action,
        event.repository,
        event.target,
        outcome,
        detail,
    )
    .fetch_one(db)
    .await?;
    Ok(EventId(id))
}

pub(super) async fn set_outcome(
    db: &mut PgConnection,
    event: EventId,
    outcome: &str,
    detail: &Value,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update audit_events
         set outcome = $2, detail = $3
         where id = $1 and sequence is null",
        event.0,
        outcome,
        detail,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Events whose server has ended before they got an outcome.
pub(super) async fn give_up_old(db: &mut PgConnection, minutes: i32) -> sqlx::Result<()> {
    sqlx::query!(
        "update audit_events
         set outcome = 'unknown'
         where sequence is null and outcome is null
           and at < clock_timestamp() - make_interval(mins => $1)",
        minutes,
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn head(db: &mut PgConnection) -> sqlx::Result<Head> {
    let last = sqlx::query!(
        r#"select sequence as "sequence!", encode(hash, 'hex') as "hash!"
           from audit_events
           where sequence is not null
           order by sequence desc
           limit 1"#,
    )
    .fetch_optional(db)
    .await?;
    Ok(last.map(|last| Head { sequence: last.sequence, hash: last.hash }).unwrap_or_default())
}

/// Events that can be sealed, in the order in which they were written; with their numbers.
pub(super) async fn unsealed(
    db: &mut PgConnection,
    limit: i64,
) -> sqlx::Result<Vec<(i64, AuditEntry)>> {
    let rows = sqlx::query!(
        r#"select id, at, actor_kind, actor, address, action, repository, target,
               outcome as "outcome!", detail
           from audit_events
           where sequence is null and outcome is not null
           order by id
           limit $1
           for update"#,
        limit,
    )
    .fetch_all(db)
    .await?;
    let events = rows.into_iter().map(|row| {
        let unsealed = AuditEntry {
            sequence: 0,
            at: row.at,
            actor_kind: row.actor_kind,
            actor: row.actor,
            address: row.address,
            action: row.action,
            repository: row.repository,
            target: row.target,
            outcome: row.outcome,
            detail: row.detail,
            previous_hash: String::new(),
            hash: String::new(),
        };
        (row.id, unsealed)
    });
    Ok(events.collect())
}

pub(super) async fn seal(db: &mut PgConnection, sealed: &[(i64, AuditEntry)]) -> sqlx::Result<()> {
    let ids: Vec<i64> = sealed.iter().map(|(id, _)| *id).collect();
    let sequences: Vec<i64> = sealed.iter().map(|(_, entry)| entry.sequence).collect();
    let previous: Vec<String> =
        sealed.iter().map(|(_, entry)| entry.previous_hash.clone()).collect();
    let hashes: Vec<String> = sealed.iter().map(|(_, entry)| entry.hash.clone()).collect();
    sqlx::query!(
        "update audit_events
         set sequence = new.sequence,
             previous_hash = decode(new.previous_hash, 'hex'),
             hash = decode(new.hash, 'hex')
         from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[])
             as new (id, sequence, previous_hash, hash)
         where audit_events.id = new.id",
        &ids,
        &sequences,
        &previous,
        &hashes,
    )
    .execute(db)
    .await?;
    Ok(())
}
