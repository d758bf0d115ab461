//! The ledger of a repository's schedules: when each fires next, when it fired, and what it missed.
//!
//! Reads only; `tick` writes.

use chrono::{DateTime, Utc};
use gantry_protocol::RepositoryId;
use gantry_workflow::trigger::cron;
use sqlx::PgConnection;

/// Firings of a schedule that are shown.
const FIRINGS_SHOWN: i64 = 20;

/// Missed times of a schedule that are shown.
const MISSED_SHOWN: usize = 20;

/// A schedule with its past.
#[derive(Clone, Debug)]
pub struct ScheduleView {
    pub workflow_path: String,
    pub cron: String,
    pub timezone: String,
    pub next_due_at: DateTime<Utc>,
    /// Newest first.
    pub firings: Vec<FiringView>,
    /// Times between the shown firings at which nothing happened, newest first: the server was not
    /// there.
    pub missed: Vec<DateTime<Utc>>,
}

/// One time that a schedule fired.
#[derive(Clone, Debug)]
pub struct FiringView {
    pub due_at: DateTime<Utc>,
    pub fired_at: DateTime<Utc>,
    /// The run it started, unless that has been deleted or did not start.
    pub run_id: Option<i64>,
}

/// The schedules of a repository in the order of their files.
pub async fn schedule_ledger(
    db: &mut PgConnection,
    repository: RepositoryId,
) -> sqlx::Result<Vec<ScheduleView>> {
    let schedules = sqlx::query!(
        "select id, workflow_path, cron, timezone, next_due_at
         from schedules
         where repository_id = $1
         order by workflow_path, id",
        repository.0,
    )
    .fetch_all(&mut *db)
    .await?;
    let mut views = Vec::with_capacity(schedules.len());
    for schedule in schedules {
        let firings = firings(db, schedule.id).await?;
        views.push(ScheduleView {
            missed: missed(&schedule.cron, &schedule.timezone, &firings),
            workflow_path: schedule.workflow_path,
            cron: schedule.cron,
            timezone: schedule.timezone,
            next_due_at: schedule.next_due_at,
            firings,
        });
    }
    Ok(views)
}

async fn firings(db: &mut PgConnection, schedule: i64) -> sqlx::Result<Vec<FiringView>> {
    sqlx::query_as!(
        FiringView,
        "select due_at, fired_at, (
             select id
             from workflow_runs
             where workflow_runs.delivery_guid = schedule_firings.delivery_guid
             limit 1
         ) as run_id
         from schedule_firings
         where schedule_id = $1
         order by due_at desc
         limit $2",
        schedule,
        FIRINGS_SHOWN,
    )
    .fetch_all(db)
    .await
}

/// The due times from the oldest firing to when the newest one happened that have no firing.
fn missed(cron: &str, timezone: &str, firings: &[FiringView]) -> Vec<DateTime<Utc>> {
    let (Some(newest), Some(oldest)) = (firings.first(), firings.last()) else {
        return Vec::new();
    };
    let mut missed = Vec::new();
    let mut reached = oldest.due_at;
    while let Ok(Some(due)) = cron::next_after(cron, Some(timezone), reached) {
        if due > newest.fired_at {
            break;
        }
        if !firings.iter().any(|firing| firing.due_at == due) {
            missed.push(due);
        }
        reached = due;
        if missed.len() > MISSED_SHOWN {
            missed.remove(0);
        }
    }
    missed.reverse();
    missed.truncate(MISSED_SHOWN);
    missed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-11-24T{text}:00Z").parse().expect("a time")
    }

    fn firing(due: &str, fired: &str) -> FiringView {
        FiringView { due_at: at(due), fired_at: at(fired), run_id: None }
    }

    #[test]
    fn what_fell_into_an_outage_is_missed_and_nothing_else() {
        let hourly = |firings: &[FiringView]| missed("0 * * * *", "UTC", firings);
        assert!(hourly(&[]).is_empty());
        assert!(hourly(&[firing("02:00", "02:00"), firing("01:00", "01:00")]).is_empty());
        // Down from one to five: the time of two fires late, those of three to five never.
        let firings =
            [firing("06:00", "06:00"), firing("02:00", "05:10"), firing("01:00", "01:00")];
        assert_eq!(hourly(&firings), [at("05:00"), at("04:00"), at("03:00")]);
        assert_eq!(hourly(&firings[1..]), [at("05:00"), at("04:00"), at("03:00")]);
    }

    #[test]
    fn a_long_outage_does_not_give_a_long_list() {
        let firings = [firing("23:00", "23:00"), firing("00:00", "00:00")];
        // GitHub's shortest interval.
        let missed = missed("*/5 * * * *", "UTC", &firings);
        assert_eq!(missed.len(), MISSED_SHOWN);
        assert_eq!(missed[0], at("22:55"));
    }
}
