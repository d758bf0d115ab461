//! Reading workflows for people and API clients.
//!
//! Lists the workflows that have run; never writes.

use chrono::{DateTime, Utc};
use gantry_protocol::RepositoryId;
use sqlx::PgConnection;

use super::view::Slice;

/// A workflow as it is shown.
#[derive(Clone, Debug)]
pub struct WorkflowView {
    pub id: i64,
    pub name: String,
    pub path: String,
    pub state: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// The workflows of a repository by path, and how many there are in all.
pub async fn list_workflows(
    db: &mut PgConnection,
    repository: RepositoryId,
    slice: Slice,
) -> sqlx::Result<(i64, Vec<WorkflowView>)> {
    let total = sqlx::query_scalar!(
        "select count(*) as \"total!\" from workflows where repository_id = $1",
        repository.0
    )
    .fetch_one(&mut *db)
    .await?;
    let workflows = sqlx::query_as!(
        WorkflowView,
        "select id, name, path, state, created_at, updated_at
         from workflows
         where repository_id = $1
         order by path
         limit $2
         offset $3",
        repository.0,
        slice.limit,
        slice.offset
    )
    .fetch_all(db)
    .await?;
    Ok((total, workflows))
}

/// The workflow with this id, file name or path.
pub async fn find_workflow(
    db: &mut PgConnection,
    repository: RepositoryId,
    id_or_file: &str,
) -> sqlx::Result<Option<WorkflowView>> {
    sqlx::query_as!(
        WorkflowView,
        "select id, name, path, state, created_at, updated_at
         from workflows
         where repository_id = $1
           and (id = $2 or path = $3 or right(path, length($3) + 1) = '/' || $3)
         order by path
         limit 1",
        repository.0,
        id_or_file.parse::<i64>().ok(),
        id_or_file
    )
    .fetch_optional(db)
    .await
}
