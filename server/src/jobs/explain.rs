//! Why a queued job waits, in words.
//!
//! Changes nothing but the words.

use crate::App;
use crate::background::Topic;

/// A runner that has not been heard of for this long counts as offline; it polls every 50 s at most.
const OFFLINE_SECONDS: f64 = 120.0;

/// A job that a runner could take gets no words before it has waited this long, so that the fast way
/// of a job is not disturbed.
const PATIENCE_SECONDS: f64 = 1.0;

/// Brings the reason of every queued job up to date.
pub async fn explain_queue(app: &App) -> anyhow::Result<u64> {
    let explained = sqlx::query!(
        "with queued as (
             select id, runs_on, reason as old_reason, queued_at,
                 (
                     select min(label)
                     from unnest(runs_on) as label
                     where not exists (select from runners where label = any(labels))
                 ) as missing,
                 (
                     select max(last_seen_at)
                     from runners
                     where runs_on <@ labels
                 ) as last_seen_at
             from jobs
             where status = 'queued'
         ),
         explained as (
             select id, old_reason, queued_at, last_seen_at, case
                 when missing is not null then
                     'no runner with label `' || missing || '` is registered'
                 when last_seen_at is null then
                     'no runner has all of the labels `' || array_to_string(runs_on, '`, `') || '`'
                 when last_seen_at < clock_timestamp() - make_interval(secs => $1) then
                     'every runner with the labels `' || array_to_string(runs_on, '`, `')
                         || '` is offline'
                 else 'waiting for a runner to pick up this job'
             end as reason
             from queued
         ),
         changed as (
             select jobs.id, explained.reason
             from jobs
             join explained on explained.id = jobs.id
             where jobs.status = 'queued'
                 and explained.reason is distinct from old_reason
                 and (last_seen_at is null
                     or explained.queued_at < clock_timestamp() - make_interval(secs => $2))
             for update of jobs skip locked
         )
         update jobs
         set reason = changed.reason, updated_at = clock_timestamp()
         from changed
         where jobs.id = changed.id",
        OFFLINE_SECONDS,
        PATIENCE_SECONDS,
    )
    .execute(&app.db)
    .await?;
    if explained.rows_affected() > 0 {
        app.wakeups.wake(Topic::Events);
        // A claim skips a row that is locked here; it looks again.
        app.wakeups.wake(Topic::Queue);
    }
    Ok(explained.rows_affected())
}
