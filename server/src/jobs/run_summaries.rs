//! The summaries of a whole run.

use gantry_protocol::{JobId, RunId};
use sqlx::PgConnection;

/// What a step of one of the run's jobs says about itself.
#[derive(Clone, Debug)]
pub struct RunSummary {
    pub job_id: JobId,
    pub step_number: i32,
    pub markdown: String,
}

/// The summaries of an attempt. A job that kept its result from an earlier attempt keeps its
/// summaries, too.
pub async fn summaries_of_run(
    db: &mut PgConnection,
    run: RunId,
    attempt: i32,
) -> sqlx::Result<Vec<RunSummary>> {
    let rows = sqlx::query!(
        "select jobs.id, step_summaries.step_number, step_summaries.content
         from jobs
         join step_summaries on step_summaries.job_id = coalesce(jobs.kept_from, jobs.id)
         where jobs.run_id = $1 and jobs.run_attempt = $2
         order by jobs.id, step_summaries.step_number",
        run.0,
        attempt,
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| RunSummary {
            job_id: JobId(row.id),
            step_number: row.step_number,
            markdown: row.content,
        })
        .collect())
}
