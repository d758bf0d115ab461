//! The rows of a run's next attempt.
//!
//! Decides nothing: what runs again is given. Invariant: the rows of the attempt before stay as they
//! are.

use gantry_workflow::advance::{Fate, Legs, NewJob};
use gantry_workflow::model;
use sqlx::PgConnection;

use super::{Attempt, create};

/// Makes the rows of the attempt after `ended`.
pub async fn repeat(
    db: &mut PgConnection,
    ended: Attempt,
    fates: &[(NewJob, Fate)],
) -> anyhow::Result<()> {
    let next = Attempt { number: ended.number + 1, ..ended };
    for (job, fate) in fates {
        match fate {
            Fate::Again => create::create(db, next, std::slice::from_ref(job)).await?,
            Fate::Legs(legs) => repeat_legs(db, ended, &job.key, legs).await?,
            Fate::Keep => repeat_legs(db, ended, &job.key, &Legs::default()).await?,
        }
    }
    Ok(())
}

/// These legs run again or enter their calls again, and the others keep their results.
async fn repeat_legs(
    db: &mut PgConnection,
    ended: Attempt,
    job: &model::JobId,
    legs: &Legs,
) -> anyhow::Result<()> {
    let rows = sqlx::query!(
        "select id, leg
         from jobs
         where run_id = $1 and run_attempt = $2 and job_key = $3
         order by leg",
        ended.run.0,
        ended.number,
        job.as_str(),
    )
    .fetch_all(&mut *db)
    .await?;
    for row in rows {
        let leg = u32::try_from(row.leg)?;
        if legs.again.contains(&leg) || legs.within.contains(&leg) {
            run_again(db, row.id).await?;
        } else {
            keep(db, row.id).await?;
            keep_called(db, ended, &format!("{job}/{}/", row.leg)).await?;
        }
    }
    Ok(())
}

/// What a kept leg has called keeps its results with it; `prefix` begins its keys.
async fn keep_called(db: &mut PgConnection, ended: Attempt, prefix: &str) -> sqlx::Result<()> {
    let called = sqlx::query_scalar!(
        "select id
         from jobs
         where run_id = $1 and run_attempt = $2 and starts_with(job_key, $3)
         order by id",
        ended.run.0,
        ended.number,
        prefix,
    )
    .fetch_all(&mut *db)
    .await?;
    for job in called {
        keep(db, job).await?;
    }
    Ok(())
}

/// The leg waits to begin, with the matrix and the inputs it had.
async fn run_again(db: &mut PgConnection, job: i64) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into jobs (run_id, run_attempt, job_key, leg, name, status, expanded, matrix,
             strategy, fail_fast, max_parallel, runs_on, environment, continue_on_error,
             timeout_minutes, cancel_timeout_minutes, concurrency, call_inputs)
         select run_id, run_attempt + 1, job_key, leg, name, 'pending', expanded, matrix,
             strategy, fail_fast, max_parallel, runs_on, environment, continue_on_error,
             timeout_minutes, cancel_timeout_minutes, concurrency, call_inputs
         from jobs
         where id = $1",
        job,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The result stands again, with its outputs, steps and annotations; its log stays where it is.
async fn keep(db: &mut PgConnection, job: i64) -> sqlx::Result<()> {
    let kept = sqlx::query_scalar!(
        "insert into jobs (run_id, run_attempt, job_key, leg, name, status, conclusion, reason,
             expanded, matrix, strategy, fail_fast, max_parallel, runs_on, environment,
             environment_url, continue_on_error, timeout_minutes, cancel_timeout_minutes,
             concurrency, outputs, completed_order, infrastructure_error, runner_id, has_started,
             queued_at, started_at, completed_at, kept_from, call_inputs, called_at)
         select run_id, run_attempt + 1, job_key, leg, name, status, conclusion, reason,
             expanded, matrix, strategy, fail_fast, max_parallel, runs_on, environment,
             environment_url, continue_on_error, timeout_minutes, cancel_timeout_minutes,
             concurrency, outputs, completed_order, infrastructure_error, runner_id, has_started,
             queued_at, started_at, completed_at, coalesce(kept_from, id), call_inputs, called_at
         from jobs
         where id = $1
         returning id",
        job,
    )
    .fetch_one(&mut *db)
    .await?;
    sqlx::query!(
        "insert into steps (job_id, number, revision, name, status, conclusion, outcome,
             started_at, completed_at)
         select $2, number, revision, name, status, conclusion, outcome, started_at, completed_at
         from steps
         where job_id = $1",
        job,
        kept,
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "insert into annotations (job_id, level, message, title, path, start_line, end_line,
             start_column, end_column, step_number, log_line)
         select $2, level, message, title, path, start_line, end_line,
             start_column, end_column, step_number, log_line
         from annotations
         where job_id = $1
         order by id",
        job,
        kept,
    )
    .execute(db)
    .await?;
    Ok(())
}
