//! Reading environments and waiting deployments for people and API clients.
//!
//! Never writes and decides nothing.

use chrono::{DateTime, Utc};
use gantry_protocol::{RepositoryId, RunId};
use sqlx::PgConnection;

/// An environment as it is shown.
#[derive(Clone, Debug)]
pub struct EnvironmentView {
    pub id: i64,
    pub name: String,
    pub review_required: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// The environments of a repository, by name.
pub async fn list_environments(
    db: &mut PgConnection,
    repository: RepositoryId,
) -> sqlx::Result<Vec<EnvironmentView>> {
    sqlx::query_as!(
        EnvironmentView,
        "select id, name, review_required, created_at, updated_at
         from environments
         where repository_id = $1
         order by lower(name)",
        repository.0
    )
    .fetch_all(db)
    .await
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

/// The environments that jobs of this run wait for.
pub async fn waiting_environments(
    db: &mut PgConnection,
    run: RunId,
) -> sqlx::Result<Vec<EnvironmentView>> {
    sqlx::query_as!(
        EnvironmentView,
        "select distinct environments.id, environments.name, environments.review_required,
                environments.created_at, environments.updated_at
         from jobs
         join workflow_runs on workflow_runs.id = jobs.run_id
         join environments on environments.repository_id = workflow_runs.repository_id
             and lower(environments.name) = lower(jobs.environment)
         where jobs.run_id = $1 and jobs.status = 'waiting'
         order by environments.id",
        run.0
    )
    .fetch_all(db)
    .await
}
