//! SQL on `environments` and `deployment_reviews`.

use std::collections::BTreeMap;

use gantry_protocol::{RepositoryId, RunId};
use gantry_workflow::advance::{Protection, Review};
use sqlx::PgConnection;

use crate::db::clean;

/// Longest name kept, in bytes.
const MAX_NAME_BYTES: usize = 4096;

/// Makes the environments known. One that is named for the first time has no rules.
pub async fn ensure(
    db: &mut PgConnection,
    repository: RepositoryId,
    names: &[String],
) -> sqlx::Result<()> {
    let names: Vec<String> = names.iter().map(|name| clean(name, MAX_NAME_BYTES)).collect();
    sqlx::query!(
        "insert into environments (repository_id, name)
         select $1, name
         from unnest($2::text[]) as name
         on conflict (repository_id, lower(name)) do nothing",
        repository.0,
        &names,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Sets the rules of an environment, which is created when missing.
pub async fn set_rules(
    db: &mut PgConnection,
    repository: RepositoryId,
    name: &str,
    review_required: bool,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into environments (repository_id, name, review_required)
         values ($1, $2, $3)
         on conflict (repository_id, lower(name)) do update
         set review_required = excluded.review_required, updated_at = clock_timestamp()",
        repository.0,
        name,
        review_required,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The rules of a repository's environments, by name in lower case.
pub async fn protections(
    db: &mut PgConnection,
    repository: RepositoryId,
) -> sqlx::Result<BTreeMap<String, Protection>> {
    let rows = sqlx::query!(
        r#"select lower(name) as "name!", review_required
         from environments
         where repository_id = $1"#,
        repository.0,
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.name, Protection { review_required: row.review_required }))
        .collect())
}

/// The reviews of a run's deployments, by name of the environment in lower case.
pub async fn reviews(
    db: &mut PgConnection,
    run: RunId,
    run_attempt: i32,
    head_sha: &str,
) -> sqlx::Result<BTreeMap<String, Review>> {
    let rows = sqlx::query!(
        r#"select lower(environment) as "environment!", state
         from deployment_reviews
         where run_id = $1 and run_attempt = $2 and head_sha = $3"#,
        run.0,
        run_attempt,
        head_sha,
    )
    .fetch_all(db)
    .await?;
    let review = |state: &str| match state {
        "approved" => Review::Approved,
        _ => Review::Rejected,
    };
    Ok(rows.into_iter().map(|row| (row.environment, review(&row.state))).collect())
}

/// Marks a run's reviews as seen; the caller reads them afterwards, in the same transaction.
pub async fn take_unseen_reviews(db: &mut PgConnection, run: RunId) -> sqlx::Result<()> {
    sqlx::query!(
        "update deployment_reviews
         set is_seen = true
         where run_id = $1 and not is_seen",
        run.0,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A run as far as a review needs it.
pub(super) struct ReviewedRun {
    pub(super) run_attempt: i32,
    pub(super) head_sha: String,
}

pub(super) async fn reviewed_run(
    db: &mut PgConnection,
    run: RunId,
) -> sqlx::Result<Option<ReviewedRun>> {
    sqlx::query_as!(
        ReviewedRun,
        "select run_attempt, head_sha
         from workflow_runs
         where id = $1",
        run.0,
    )
    .fetch_optional(db)
    .await
}

/// The environments, in lower case, that jobs of the run wait for.
pub(super) async fn awaited(db: &mut PgConnection, run: RunId) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        r#"select distinct lower(jobs.environment) as "environment!"
         from jobs
         join workflow_runs on workflow_runs.id = jobs.run_id
             and workflow_runs.run_attempt = jobs.run_attempt
         where jobs.run_id = $1 and jobs.status = 'waiting' and jobs.environment is not null"#,
        run.0,
    )
    .fetch_all(db)
    .await
}

/// A review to store.
pub(super) struct NewReview<'a> {
    pub(super) run: RunId,
    pub(super) run_attempt: i32,
    pub(super) head_sha: &'a str,
    pub(super) environment: &'a str,
    pub(super) review: Review,
    pub(super) reviewer: &'a str,
    pub(super) comment: &'a str,
}

/// False when the environment has been reviewed already in this attempt.
pub(super) async fn insert_review(
    db: &mut PgConnection,
    review: &NewReview<'_>,
) -> sqlx::Result<bool> {
    let state = match review.review {
        Review::Approved => "approved",
        Review::Rejected => "rejected",
    };
    let inserted = sqlx::query!(
        "insert into deployment_reviews
             (run_id, run_attempt, head_sha, environment, state, reviewer, comment)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (run_id, run_attempt, lower(environment)) do nothing",
        review.run.0,
        review.run_attempt,
        review.head_sha,
        review.environment,
        state,
        review.reviewer,
        review.comment,
    )
    .execute(db)
    .await?;
    Ok(inserted.rows_affected() > 0)
}
