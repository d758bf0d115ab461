//! Reading environments and waiting deployments for people and API clients.
//!
//! Never writes and decides nothing.

use chrono::{DateTime, Utc};
use gantry_protocol::{RepositoryId, RunId};
use sqlx::PgConnection;

use super::rules::Rules;

/// An environment as it is shown.
#[derive(Clone, Debug)]
pub struct EnvironmentView {
    pub id: i64,
    pub name: String,
    pub rules: Rules,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A deployment that waits.
#[derive(Clone, Debug)]
pub struct WaitingView {
    pub environment: EnvironmentView,
    pub waiting_since: Option<DateTime<Utc>>,
    /// Logins of who has approved it so far, the first of them first.
    pub approved_by: Vec<String>,
}

/// A given answer.
#[derive(Clone, Debug)]
pub struct ReviewView {
    /// Absent when the environment has been deleted.
    pub environment: Option<EnvironmentView>,
    pub state: String,
    pub reviewer: String,
    pub comment: String,
}

struct Row {
    id: i64,
    name: String,
    review_required: bool,
    reviewers: Vec<String>,
    prevent_self_review: bool,
    wait_minutes: i32,
    has_ref_policies: bool,
    required_approvals: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Row> for EnvironmentView {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            name: row.name,
            rules: Rules {
                review_required: row.review_required,
                required_approvals: row.required_approvals,
                reviewers: row.reviewers,
                prevent_self_review: row.prevent_self_review,
                wait_minutes: row.wait_minutes,
                has_ref_policies: row.has_ref_policies,
            },
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// The environments of a repository, by name.
pub async fn list_environments(
    db: &mut PgConnection,
    repository: RepositoryId,
) -> sqlx::Result<Vec<EnvironmentView>> {
    let rows = sqlx::query_as!(
        Row,
        "select id, name, review_required, reviewers, prevent_self_review, wait_minutes,
             has_ref_policies, required_approvals, created_at, updated_at
         from environments
         where repository_id = $1
         order by lower(name)",
        repository.0
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(EnvironmentView::from).collect())
}

/// The environments of the repository that a run belongs to.
pub(super) async fn environments_of_run(
    db: &mut PgConnection,
    run: RunId,
) -> sqlx::Result<Vec<EnvironmentView>> {
    let repository =
        sqlx::query_scalar!("select repository_id from workflow_runs where id = $1", run.0)
            .fetch_optional(&mut *db)
            .await?;
    match repository {
        Some(id) => list_environments(db, RepositoryId(id)).await,
        None => Ok(Vec::new()),
    }
}

/// The environment of this name, ignoring case.
pub async fn find_environment(
    db: &mut PgConnection,
    repository: RepositoryId,
    name: &str,
) -> sqlx::Result<Option<EnvironmentView>> {
    let name = name.to_lowercase();
    let all = list_environments(db, repository).await?;
    Ok(all.into_iter().find(|environment| environment.name.to_lowercase() == name))
}

/// The environments that jobs of this run wait for, and since when.
pub async fn waiting_environments(
    db: &mut PgConnection,
    (repository, run): (RepositoryId, RunId),
) -> sqlx::Result<Vec<WaitingView>> {
    let waiting = sqlx::query!(
        r#"with waiting as (
             select lower(jobs.environment) as environment, workflow_runs.run_attempt,
                 min(jobs.waiting_at) as since
             from jobs
             join workflow_runs on workflow_runs.id = jobs.run_id
                 and workflow_runs.run_attempt = jobs.run_attempt
             where jobs.run_id = $1 and jobs.status = 'waiting' and jobs.environment is not null
             group by 1, 2
         )
         select environment as "environment!", since,
             array(
                 select reviewer
                 from deployment_reviews as reviews
                 where reviews.run_id = $1 and reviews.run_attempt = waiting.run_attempt
                   and lower(reviews.environment) = waiting.environment
                   and reviews.state = 'approved'
                 order by reviews.id
             ) as "approved_by!"
         from waiting"#,
        run.0
    )
    .fetch_all(&mut *db)
    .await?;
    let mut all = list_environments(db, repository).await?;
    all.sort_by_key(|environment| environment.id);
    Ok(all
        .into_iter()
        .filter_map(|environment| {
            let name = environment.name.to_lowercase();
            let row = waiting.iter().find(|row| row.environment == name)?;
            let approved_by = row.approved_by.clone();
            Some(WaitingView { waiting_since: row.since, environment, approved_by })
        })
        .collect())
}

/// The reviews of all attempts of a run, oldest first.
pub async fn reviews_of_run(
    db: &mut PgConnection,
    (repository, run): (RepositoryId, RunId),
) -> sqlx::Result<Vec<ReviewView>> {
    let rows = sqlx::query!(
        "select environment, state, reviewer, comment
         from deployment_reviews
         where run_id = $1
         order by id",
        run.0
    )
    .fetch_all(&mut *db)
    .await?;
    let all = list_environments(db, repository).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let name = row.environment.to_lowercase();
            let found = all.iter().find(|environment| environment.name.to_lowercase() == name);
            ReviewView {
                environment: found.cloned(),
                state: row.state,
                reviewer: row.reviewer,
                comment: row.comment,
            }
        })
        .collect())
}
