//! What steps say about themselves in Markdown (`semantics` 5.6).
//!
//! Does not render it. Invariant: a summary was masked by the runner, and is stored under the lease of
//! the job only.

use anyhow::Context as _;
use gantry_protocol::summary::MAX_SUMMARY_BYTES;
use gantry_protocol::{JobId, StepSummary};
use sqlx::{Connection as _, PgConnection};

use super::fence::{self, CallError, JobCall};
use crate::App;
use crate::background::Topic;
use crate::db::clean;

/// Summaries of a job that are shown, as on GitHub; later ones are not stored.
const MOST_PER_JOB: i64 = 20;

/// A stored summary.
#[derive(Clone, Debug)]
pub struct SummaryView {
    pub step_number: i32,
    pub markdown: String,
}

/// Stores the summary of a step in place of the one before.
pub async fn store_summary(
    app: &App,
    call: JobCall,
    summary: &StepSummary,
) -> Result<(), CallError> {
    let mut connection = app.db.acquire().await?;
    let mut transaction = connection.begin().await?;
    if fence::check(&mut transaction, call).await?.is_completed {
        return Ok(());
    }
    sqlx::query!(
        "insert into step_summaries (job_id, step_number, content)
         select $1, $2, $3
         where (select count(*) from step_summaries where job_id = $1 and step_number <> $2) < $4
         on conflict (job_id, step_number) do update set content = excluded.content",
        call.job.0,
        i32::try_from(summary.step_number).context("a step's number")?,
        clean(&summary.markdown, MAX_SUMMARY_BYTES),
        MOST_PER_JOB,
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    app.wakeups.wake(Topic::Events);
    Ok(())
}

/// The summaries of a job, in the order of its steps.
pub async fn summaries(db: &mut PgConnection, job: JobId) -> sqlx::Result<Vec<SummaryView>> {
    sqlx::query_as!(
        SummaryView,
        "select step_number, content as markdown
         from step_summaries
         where job_id = $1
         order by step_number",
        job.0,
    )
    .fetch_all(db)
    .await
}

/// Forgets the summaries of jobs that are handed out again from the beginning.
pub(super) async fn discard(db: &mut PgConnection, jobs: &[i64]) -> sqlx::Result<()> {
    sqlx::query!("delete from step_summaries where job_id = any($1)", jobs).execute(db).await?;
    Ok(())
}
