//! Due schedules become deliveries.
//!
//! Invariant: one firing per schedule and due time, by the ledger `schedule_firings`.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use gantry_workflow::trigger::cron;
use serde_json::json;
use sqlx::{Connection as _, PgConnection};

use crate::App;
use crate::background::Topic;
use crate::deliveries::{self, NewDelivery, Source};

struct DueSchedule {
    id: i64,
    workflow_path: String,
    cron: String,
    timezone: String,
    due_at: DateTime<Utc>,
    owner: String,
    name: String,
}

/// Fires every schedule that is due. After an outage a schedule fires once, late, and not once for
/// every time it has missed.
pub async fn tick_schedules(app: &App) -> anyhow::Result<u64> {
    let mut connection = app.db.acquire().await?;
    let mut transaction = connection.begin().await?;
    let due = due(&mut transaction).await?;
    for schedule in &due {
        // A savepoint: a row that is wrong takes back what was done for it, and nothing else.
        let mut savepoint = transaction.begin().await?;
        match fire(&mut savepoint, schedule).await {
            Ok(()) => savepoint.commit().await?,
            Err(error) => {
                savepoint.rollback().await?;
                tracing::error!("a schedule did not fire: {error:#}");
                postpone(&mut transaction, schedule).await?;
            }
        }
    }
    transaction.commit().await?;
    if !due.is_empty() {
        app.wakeups.wake(Topic::Deliveries);
    }
    Ok(u64::try_from(due.len())?)
}

/// When the next schedule is due.
pub async fn next_schedule(app: &App) -> anyhow::Result<Option<DateTime<Utc>>> {
    let due =
        sqlx::query_scalar!("select min(next_due_at) from schedules").fetch_one(&app.db).await?;
    Ok(due)
}

async fn due(db: &mut PgConnection) -> sqlx::Result<Vec<DueSchedule>> {
    sqlx::query_as!(
        DueSchedule,
        "select schedules.id, workflow_path, cron, timezone, next_due_at as due_at, owner, name
         from schedules
         join repositories on repositories.id = schedules.repository_id
         where next_due_at <= clock_timestamp()
         order by next_due_at, schedules.id
         limit 100
         for update of schedules skip locked",
    )
    .fetch_all(db)
    .await
}

async fn fire(db: &mut PgConnection, schedule: &DueSchedule) -> anyhow::Result<()> {
    let guid = format!("schedule-{}-{}", schedule.id, schedule.due_at.timestamp());
    let fired = sqlx::query!(
        "insert into schedule_firings (schedule_id, due_at, delivery_guid)
         values ($1, $2, $3)
         on conflict do nothing",
        schedule.id,
        schedule.due_at,
        guid,
    )
    .execute(&mut *db)
    .await?;
    if fired.rows_affected() > 0 {
        let payload = payload(schedule).to_string();
        let delivery = NewDelivery {
            guid: &guid,
            source: Source::Schedule,
            event: "schedule",
            payload: payload.as_bytes(),
        };
        deliveries::store(db, delivery).await?;
    }
    move_on(db, schedule).await
}

/// A schedule that cannot fire is tried again after an hour; it was valid when its file was read, so
/// that only a fault of ours or a hand in the database makes one.
async fn postpone(db: &mut PgConnection, schedule: &DueSchedule) -> sqlx::Result<()> {
    sqlx::query!(
        "update schedules
         set next_due_at = clock_timestamp() + interval '1 hour', updated_at = clock_timestamp()
         where id = $1",
        schedule.id,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// GitHub's payload of a schedule has the cron line and the repository; `workflow` is where the line
/// stands.
fn payload(schedule: &DueSchedule) -> serde_json::Value {
    json!({
        "schedule": schedule.cron,
        "workflow": schedule.workflow_path,
        "repository": {
            "full_name": format!("{}/{}", schedule.owner, schedule.name),
            "name": schedule.name,
            "owner": { "login": schedule.owner },
        },
        "sender": { "login": schedule.owner },
    })
}

async fn move_on(db: &mut PgConnection, schedule: &DueSchedule) -> anyhow::Result<()> {
    let next = cron::next_after(&schedule.cron, Some(&schedule.timezone), Utc::now())
        .with_context(|| format!("schedule {} of `{}`", schedule.id, schedule.workflow_path))?;
    match next {
        Some(next) => {
            sqlx::query!(
                "update schedules
                 set next_due_at = $2, updated_at = clock_timestamp()
                 where id = $1",
                schedule.id,
                next,
            )
            .execute(db)
            .await?;
        }
        None => {
            sqlx::query!("delete from schedules where id = $1", schedule.id).execute(db).await?;
        }
    }
    Ok(())
}
