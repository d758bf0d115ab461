//! SQL on the attempts of a run: the present one in `workflow_runs`, the others in `past_attempts`.

use chrono::{DateTime, Utc};
use gantry_protocol::{RepositoryId, RunId};
use sqlx::PgConnection;

use super::rerun::RerunRequest;
use super::view::RunView;
use crate::db::clean;
use crate::jobs::Attempt;

/// Longest login kept, in bytes.
const MAX_LOGIN_BYTES: usize = 256;

/// A run as far as a further attempt needs it.
pub(super) struct Rerunnable {
    pub(super) repository: RepositoryId,
    pub(super) attempt: Attempt,
    pub(super) status: String,
    pub(super) has_plan: bool,
    /// It waits for a maintainer.
    pub(super) is_held: bool,
    pub(super) created_at: DateTime<Utc>,
}

/// Locks the run's row, so that of two wishes the second sees a run that is running.
pub(super) async fn lock(db: &mut PgConnection, run: RunId) -> sqlx::Result<Option<Rerunnable>> {
    let row = sqlx::query!(
        r#"select repository_id, run_attempt, status, plan is not null as "has_plan!", created_at,
             conclusion is not distinct from 'action_required' as "is_held!"
         from workflow_runs
         where id = $1
         for update"#,
        run.0,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Rerunnable {
        repository: RepositoryId(row.repository_id),
        attempt: Attempt { run, number: row.run_attempt },
        status: row.status,
        has_plan: row.has_plan,
        is_held: row.is_held,
        created_at: row.created_at,
    }))
}

/// Keeps what the attempt was, and begins the next one.
pub(super) async fn begin(
    db: &mut PgConnection,
    run: &Rerunnable,
    request: &RerunRequest,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into past_attempts (run_id, number, triggering_actor, conclusion, run_started_at,
             completed_at, updated_at)
         select id, run_attempt, coalesce(triggering_actor, actor), conclusion, run_started_at,
             completed_at, updated_at
         from workflow_runs
         where id = $1",
        run.attempt.run.0,
    )
    .execute(&mut *db)
    .await?;
    // Clients keep logs by the second at which an attempt began, so it is never the same one.
    sqlx::query!(
        "update workflow_runs
         set run_attempt = run_attempt + 1, triggering_actor = $2, debug_logging = $3,
             status = 'queued', conclusion = null, completed_at = null,
             cancel_requested_at = null, cancel_reason = null, cancel_forced = false,
             run_started_at = greatest(
                 clock_timestamp(), date_trunc('second', run_started_at) + interval '1 second'
             ),
             status_reason = null, next_look_at = null, slots_seen = 0, advance_wanted = true,
             updated_at = clock_timestamp()
         where id = $1",
        run.attempt.run.0,
        clean(&request.actor, MAX_LOGIN_BYTES),
        request.debug_logging,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The run as it was in an earlier attempt.
pub(super) async fn as_it_was(
    db: &mut PgConnection,
    run: RunView,
    number: i32,
) -> sqlx::Result<Option<RunView>> {
    let past = sqlx::query!(
        "select triggering_actor, conclusion, run_started_at, completed_at, updated_at
         from past_attempts
         where run_id = $1 and number = $2",
        run.id.0,
        number,
    )
    .fetch_optional(db)
    .await?;
    Ok(past.map(|past| RunView {
        run_attempt: number,
        triggering_actor: past.triggering_actor,
        status: "completed".to_owned(),
        conclusion: Some(past.conclusion),
        status_reason: None,
        run_started_at: past.run_started_at,
        completed_at: past.completed_at,
        updated_at: past.updated_at,
        ..run
    }))
}
