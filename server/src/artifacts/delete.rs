//! Artifacts go when somebody says so.
//!
//! Invariant: their blobs are discarded in the transaction that removes the rows.

use gantry_protocol::{RepositoryId, RunId};
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use crate::storage::{self, BlobId};
use crate::tokens::JobCaller;

/// Deletes an artifact of the repository; whether there was one.
pub async fn delete(
    db: &mut PgConnection,
    repository: RepositoryId,
    id: i64,
) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!(
        "select id from artifacts where id = $1 and repository_id = $2",
        id,
        repository.0,
    )
    .fetch_optional(&mut *db)
    .await?;
    remove(db, &Vec::from_iter(found)).await?;
    Ok(found.is_some())
}

/// Deletes the newest artifact with this name of the caller's run. Answers its number.
pub async fn delete_by_name(
    db: &mut PgConnection,
    caller: &JobCaller,
    name: &str,
) -> sqlx::Result<Option<i64>> {
    let found = sqlx::query_scalar!(
        "select id
         from artifacts
         where run_id = $1 and name = $2 and state = 'finalized'
         order by id desc
         limit 1",
        caller.run.0,
        name,
    )
    .fetch_optional(&mut *db)
    .await?;
    remove(db, &Vec::from_iter(found)).await?;
    Ok(found)
}

/// Deletes all artifacts of a run.
pub async fn delete_of_run(db: &mut PgConnection, run: RunId) -> sqlx::Result<()> {
    let ids = sqlx::query_scalar!("select id from artifacts where run_id = $1", run.0)
        .fetch_all(&mut *db)
        .await?;
    remove(db, &ids).await
}

pub(super) async fn remove(db: &mut PgConnection, ids: &[i64]) -> sqlx::Result<()> {
    let mut transaction = db.begin().await?;
    let of_files: Vec<Uuid> = sqlx::query_scalar!(
        "delete from artifact_files where artifact_id = any($1) returning blob_id",
        ids,
    )
    .fetch_all(&mut *transaction)
    .await?;
    let own: Vec<Option<Uuid>> =
        sqlx::query_scalar!("delete from artifacts where id = any($1) returning blob_id", ids)
            .fetch_all(&mut *transaction)
            .await?;
    let blobs: Vec<_> = of_files.into_iter().chain(own.into_iter().flatten()).map(BlobId).collect();
    storage::discard(&mut transaction, &blobs).await?;
    transaction.commit().await
}
