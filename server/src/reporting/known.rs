//! What GitHub's events about checks refer to.

use gantry_protocol::{JobId, RepositoryId, RunId};
use sqlx::PgConnection;

/// The job behind a check run of ours, as of the newest attempt of its run.
#[derive(Clone, Debug)]
pub struct KnownJob {
    pub job: JobId,
    pub run: RunId,
    pub head_sha: String,
    pub environment: Option<String>,
}

/// `None` when the check run is not ours.
pub async fn find_known(
    db: &mut PgConnection,
    repository: RepositoryId,
    check_run: i64,
) -> sqlx::Result<Option<KnownJob>> {
    let row = sqlx::query!(
        "select newest.id, newest.run_id, workflow_runs.head_sha, newest.environment
         from check_runs
         join jobs as shown on shown.id = check_runs.job_id
         join jobs as newest on newest.run_id = shown.run_id
             and newest.job_key = shown.job_key
             and newest.leg = shown.leg
         join workflow_runs on workflow_runs.id = shown.run_id
         where check_runs.check_run_id = $1 and workflow_runs.repository_id = $2
         order by newest.run_attempt desc
         limit 1",
        check_run,
        repository.0,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| KnownJob {
        job: JobId(row.id),
        run: RunId(row.run_id),
        head_sha: row.head_sha,
        environment: row.environment,
    }))
}

/// The newest run of each workflow at a commit.
pub async fn runs_at(
    db: &mut PgConnection,
    repository: RepositoryId,
    head_sha: &str,
) -> sqlx::Result<Vec<RunId>> {
    let ids = sqlx::query_scalar!(
        "select distinct on (workflow_id) id
         from workflow_runs
         where repository_id = $1 and head_sha = $2
         order by workflow_id, id desc",
        repository.0,
        head_sha,
    )
    .fetch_all(db)
    .await?;
    Ok(ids.into_iter().map(RunId).collect())
}
