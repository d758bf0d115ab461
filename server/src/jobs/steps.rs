//! Progress of a job's steps.

use anyhow::Context as _;
use gantry_protocol::step::MAX_NAME_BYTES;
use gantry_protocol::{StepStatus, StepUpdate};
use sqlx::{Connection as _, PgConnection};

use super::fence::{self, CallError, JobCall};
use crate::App;
use crate::background::Topic;
use crate::db::clean;

/// Steps with a higher number are refused. GitHub has no documented limit; a file of the largest
/// size the reader accepts has fewer.
const MAX_STEP_NUMBER: u32 = 10_000;

/// Stores the newest state of steps; an older revision changes nothing.
pub async fn update_steps(
    app: &App,
    call: JobCall,
    updates: &[StepUpdate],
) -> Result<(), CallError> {
    let mut connection = app.db.acquire().await?;
    let mut transaction = connection.begin().await?;
    let leased = fence::check(&mut transaction, call).await?;
    if leased.is_completed {
        return Ok(());
    }
    let starts = updates.iter().any(|update| update.status != StepStatus::Queued);
    if !leased.has_started && starts {
        fence::mark_started(&mut transaction, call.job).await?;
    }
    for update in updates {
        upsert(&mut transaction, call, update).await?;
    }
    transaction.commit().await?;
    app.wakeups.wake(Topic::Events);
    Ok(())
}

async fn upsert(
    db: &mut PgConnection,
    call: JobCall,
    update: &StepUpdate,
) -> Result<(), CallError> {
    if update.number == 0 || update.number > MAX_STEP_NUMBER {
        let problem = format!("a step's number is between 1 and {MAX_STEP_NUMBER}");
        return Err(CallError::Invalid(problem));
    }
    sqlx::query!(
        "insert into steps (job_id, number, revision, name, status, conclusion, outcome,
             started_at, completed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (job_id, number) do update
         set revision = excluded.revision,
             name = excluded.name,
             status = excluded.status,
             conclusion = excluded.conclusion,
             outcome = excluded.outcome,
             started_at = excluded.started_at,
             completed_at = excluded.completed_at
         where steps.revision < excluded.revision",
        call.job.0,
        i32::try_from(update.number).context("a step's number")?,
        i32::try_from(update.revision).context("a step's revision")?,
        clean(&update.name, MAX_NAME_BYTES),
        update.status.as_str(),
        update.conclusion.map(|conclusion| conclusion.as_str()),
        update.outcome.map(|outcome| outcome.as_str()),
        update.started_at,
        update.completed_at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Ends the steps that a lost or killed job leaves open.
pub(super) async fn close(db: &mut PgConnection, jobs: &[i64]) -> sqlx::Result<()> {
    sqlx::query!(
        "update steps
         set conclusion = case status when 'in_progress' then 'cancelled' else 'skipped' end,
             status = 'completed',
             completed_at = case status when 'in_progress' then clock_timestamp() end
         where job_id = any($1) and status <> 'completed'",
        jobs,
    )
    .execute(db)
    .await?;
    Ok(())
}
