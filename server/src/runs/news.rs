//! What happens to runs, kept for workflows with `on: workflow_run` until it has been told.
//!
//! Nothing is kept in a repository in which no workflow listens. Invariant: written in the transaction of
//! what it tells of.

use gantry_protocol::RunId;
use sqlx::PgConnection;

use crate::jobs::Attempt;

/// One thing that has happened.
#[derive(Clone, Debug)]
pub struct RunNews {
    pub attempt: Attempt,
    /// `requested`, `in_progress` or `completed`.
    pub action: String,
}

/// Notes that somebody wanted a run. A further attempt is not told of, as on GitHub.
pub(super) async fn note_requested(db: &mut PgConnection, run: RunId) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into run_news (run_id, run_attempt, action)
         select id, run_attempt, 'requested'
         from workflow_runs
         where id = $1 and exists(
             select
             from workflows
             where workflows.repository_id = workflow_runs.repository_id
                 and listens_to_runs and state = 'active'
         )
         on conflict do nothing",
        run.0,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Takes the oldest news; they are gone with the transaction.
pub async fn take_run_news(db: &mut PgConnection, limit: i64) -> sqlx::Result<Vec<RunNews>> {
    let rows = sqlx::query!(
        r#"with taken as (
             delete from run_news
             where (run_id, run_attempt, action) in (
                 select run_id, run_attempt, action
                 from run_news
                 order by created_at
                 limit $1
                 for update skip locked
             )
             returning run_id, run_attempt, action, created_at
         )
         select run_id as "run_id!", run_attempt as "run_attempt!", action as "action!"
         from taken
         order by created_at"#,
        limit,
    )
    .fetch_all(db)
    .await?;
    let news = rows.into_iter().map(|row| RunNews {
        attempt: Attempt { run: RunId(row.run_id), number: row.run_attempt },
        action: row.action,
    });
    Ok(news.collect())
}
