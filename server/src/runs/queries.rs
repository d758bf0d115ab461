//! SQL on `workflow_runs`.

use chrono::{DateTime, Utc};
use gantry_protocol::{RepositoryId, RunId};
use gantry_workflow::advance::Conclusion;
use gantry_workflow::diagnostic::Diagnostic;
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::db::clean;
use crate::jobs::Attempt;

/// Longest title kept, in bytes.
const MAX_TITLE_BYTES: usize = 4096;

/// Longest message of a diagnostic kept, in bytes.
const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// A run to insert.
pub(super) struct NewRun<'a> {
    pub(super) repository: RepositoryId,
    pub(super) workflow_id: i64,
    pub(super) delivery_guid: &'a str,
    pub(super) run_number: i64,
    pub(super) event: &'a str,
    pub(super) head_branch: &'a str,
    pub(super) head_sha: &'a str,
    pub(super) git_ref: &'a str,
    pub(super) actor: &'a str,
    pub(super) display_title: &'a str,
}

/// Whether the delivery has started this file already.
pub(super) async fn exists(
    db: &mut PgConnection,
    repository: RepositoryId,
    delivery_guid: &str,
    path: &str,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists(
             select
             from workflow_runs
             join workflows on workflows.id = workflow_runs.workflow_id
             where workflow_runs.repository_id = $1 and delivery_guid = $2 and path = $3
         ) as "exists!""#,
        repository.0,
        delivery_guid,
        path,
    )
    .fetch_one(db)
    .await
}

pub(super) async fn insert(db: &mut PgConnection, run: &NewRun<'_>) -> sqlx::Result<RunId> {
    let id = sqlx::query_scalar!(
        "insert into workflow_runs (repository_id, workflow_id, delivery_guid, run_number, event,
             head_branch, head_sha, git_ref, display_title, actor, status)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'queued')
         returning id",
        run.repository.0,
        run.workflow_id,
        run.delivery_guid,
        run.run_number,
        run.event,
        run.head_branch,
        run.head_sha,
        run.git_ref,
        clean(run.display_title, MAX_TITLE_BYTES),
        run.actor,
    )
    .fetch_one(db)
    .await?;
    Ok(RunId(id))
}

/// What the planner found out.
pub(super) async fn set_planned(
    db: &mut PgConnection,
    run: RunId,
    display_title: &str,
    diagnostics: &[Diagnostic],
) -> sqlx::Result<()> {
    let storable = |diagnostic: &Diagnostic| Diagnostic {
        message: clean(&diagnostic.message, MAX_MESSAGE_BYTES),
        ..diagnostic.clone()
    };
    let diagnostics: Vec<Diagnostic> = diagnostics.iter().map(storable).collect();
    sqlx::query!(
        "update workflow_runs
         set display_title = $2, diagnostics = $3
         where id = $1",
        run.0,
        clean(display_title, MAX_TITLE_BYTES),
        Json(diagnostics) as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A run without conclusion, its row locked.
pub(super) struct OpenRun {
    pub(super) repository: RepositoryId,
    pub(super) attempt: Attempt,
    pub(super) head_sha: String,
    pub(super) is_cancelled: bool,
    pub(super) cancel_reason: Option<String>,
    pub(super) cancel_forced: bool,
    pub(super) run_started_at: DateTime<Utc>,
}

/// Locks an open run and clears the mark that something has happened to it.
pub(super) async fn lock_open(db: &mut PgConnection, run: RunId) -> sqlx::Result<Option<OpenRun>> {
    let row = sqlx::query!(
        r#"update workflow_runs
         set advance_wanted = false
         where id = $1 and status <> 'completed'
         returning repository_id, run_attempt, head_sha,
             cancel_requested_at is not null as "is_cancelled!", cancel_reason, cancel_forced,
             run_started_at"#,
        run.0,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| OpenRun {
        repository: RepositoryId(row.repository_id),
        attempt: Attempt { run, number: row.run_attempt },
        head_sha: row.head_sha,
        is_cancelled: row.is_cancelled,
        cancel_reason: row.cancel_reason,
        cancel_forced: row.cancel_forced,
        run_started_at: row.run_started_at,
    }))
}

/// Open runs about which there is something that `advance` has not seen.
pub(super) async fn wanted(db: &mut PgConnection) -> sqlx::Result<Vec<RunId>> {
    let ids = sqlx::query_scalar!(
        r#"select id as "id!"
         from workflow_runs
         where status <> 'completed' and (
             advance_wanted
             or next_look_at <= clock_timestamp()
             or exists (
                 select
                 from concurrency_slots
                 where concurrency_slots.run_id = workflow_runs.id and revision > slots_seen
             )
             or exists (select from jobs where jobs.run_id = workflow_runs.id and has_news)
             or exists (
                 select
                 from deployment_reviews
                 where deployment_reviews.run_id = workflow_runs.id and not is_seen
             )
         )
         order by id"#,
    )
    .fetch_all(db)
    .await?;
    Ok(ids.into_iter().map(RunId).collect())
}

/// Marks the repository's open runs as having news.
pub(super) async fn want_advance(
    db: &mut PgConnection,
    repository: RepositoryId,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update workflow_runs
         set advance_wanted = true
         where repository_id = $1 and status <> 'completed'",
        repository.0,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Every open run.
pub(super) async fn open(db: &mut PgConnection) -> sqlx::Result<Vec<RunId>> {
    let ids = sqlx::query_scalar!(
        "select id
         from workflow_runs
         where status <> 'completed'
         order by id",
    )
    .fetch_all(db)
    .await?;
    Ok(ids.into_iter().map(RunId).collect())
}

/// When the next run has to be looked at although nothing happens.
pub(super) async fn next_look(db: &mut PgConnection) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "select min(next_look_at)
         from workflow_runs
         where status <> 'completed'",
    )
    .fetch_one(db)
    .await
}

/// What an open run shows, and what `advance` has to know next time.
pub(super) struct Standing<'a> {
    pub(super) status: &'a str,
    pub(super) reason: Option<String>,
    pub(super) next_look_at: Option<DateTime<Utc>>,
    pub(super) slots_seen: i64,
}

pub(super) async fn set_standing(
    db: &mut PgConnection,
    run: RunId,
    standing: &Standing<'_>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update workflow_runs
         set status = $2, status_reason = $3, next_look_at = $4, slots_seen = $5,
             updated_at = case when status = $2 then updated_at else clock_timestamp() end
         where id = $1 and status <> 'completed'",
        run.0,
        standing.status,
        standing.reason,
        standing.next_look_at,
        standing.slots_seen,
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn set_status(
    db: &mut PgConnection,
    run: RunId,
    status: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "with changed as (
             update workflow_runs
             set status = $2, updated_at = clock_timestamp()
             where id = $1 and status not in ('completed', $2)
             returning id, run_attempt, repository_id
         )
         insert into run_news (run_id, run_attempt, action)
         select id, run_attempt, 'in_progress'
         from changed
         where $2 = 'in_progress' and exists(
             select
             from workflows
             where workflows.repository_id = changed.repository_id
                 and listens_to_runs and state = 'active'
         )
         on conflict do nothing",
        run.0,
        status,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Has a run wait for a maintainer. It has no jobs.
pub(super) async fn hold(db: &mut PgConnection, run: RunId) -> sqlx::Result<()> {
    sqlx::query!(
        "update workflow_runs
         set status = 'completed', conclusion = 'action_required', advance_wanted = false,
             status_reason = $2, completed_at = clock_timestamp(), updated_at = clock_timestamp()
         where id = $1",
        run.0,
        "A maintainer has to approve this run: it is for a pull request from a fork.",
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Opens a run that waits for a maintainer, and gives its repository. `None`: it does not wait.
pub(super) async fn approve(
    db: &mut PgConnection,
    run: RunId,
    login: &str,
) -> sqlx::Result<Option<RepositoryId>> {
    let id = sqlx::query_scalar!(
        "update workflow_runs
         set status = 'queued', conclusion = null, completed_at = null, status_reason = null,
             approved_by = $2, approved_at = clock_timestamp(), advance_wanted = true,
             run_started_at = clock_timestamp(), updated_at = clock_timestamp()
         where id = $1 and conclusion = 'action_required' and approved_at is null
             and plan is not null
         returning repository_id",
        run.0,
        login,
    )
    .fetch_optional(db)
    .await?;
    Ok(id.map(RepositoryId))
}

/// Whether somebody has approved a run for this very commit.
pub(super) async fn was_approved(
    db: &mut PgConnection,
    repository: RepositoryId,
    head_sha: &str,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists(
             select
             from workflow_runs
             where repository_id = $1 and head_sha = $2 and approved_at is not null
         ) as "exists!""#,
        repository.0,
        head_sha,
    )
    .fetch_one(db)
    .await
}

pub(super) async fn is_known(db: &mut PgConnection, run: RunId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists(select from workflow_runs where id = $1) as "exists!""#,
        run.0
    )
    .fetch_one(db)
    .await
}

pub(super) async fn conclude(
    db: &mut PgConnection,
    run: RunId,
    conclusion: Conclusion,
) -> sqlx::Result<()> {
    sqlx::query!(
        "with changed as (
             update workflow_runs
             set status = 'completed', conclusion = $2, advance_wanted = false,
                 status_reason = null, next_look_at = null,
                 completed_at = clock_timestamp(), updated_at = clock_timestamp()
             where id = $1 and status <> 'completed'
             returning id, run_attempt, repository_id
         )
         insert into run_news (run_id, run_attempt, action)
         select id, run_attempt, 'completed'
         from changed
         where exists(
             select
             from workflows
             where workflows.repository_id = changed.repository_id
                 and listens_to_runs and state = 'active'
         )
         on conflict do nothing",
        run.0,
        conclusion.as_str(),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Asks for a cancellation. `None`: there is no such run; `Some(false)`: it is over.
pub(super) async fn request_cancel(
    db: &mut PgConnection,
    run: RunId,
    (reason, is_forced): (&str, bool),
) -> sqlx::Result<Option<bool>> {
    let row = sqlx::query!(
        "update workflow_runs
         set cancel_requested_at = case
                 when status = 'completed' then cancel_requested_at
                 else coalesce(cancel_requested_at, clock_timestamp())
             end,
             cancel_reason = case
                 when status = 'completed' then cancel_reason
                 else coalesce(cancel_reason, $2)
             end,
             cancel_forced = cancel_forced or (status <> 'completed' and $3),
             advance_wanted = status <> 'completed'
         where id = $1
         returning status",
        run.0,
        reason,
        is_forced,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| row.status != "completed"))
}

/// `None`: there is no such run.
pub(super) async fn is_completed(db: &mut PgConnection, run: RunId) -> sqlx::Result<Option<bool>> {
    sqlx::query_scalar!(
        r#"select status = 'completed' as "is_completed!"
         from workflow_runs
         where id = $1"#,
        run.0,
    )
    .fetch_optional(db)
    .await
}

/// Deletes a finished run; the rows that belong to it go with it.
pub(super) async fn delete(db: &mut PgConnection, run: RunId) -> sqlx::Result<()> {
    sqlx::query!("delete from workflow_runs where id = $1 and status = 'completed'", run.0)
        .execute(db)
        .await?;
    Ok(())
}
