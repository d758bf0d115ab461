//! Entries go. Their blobs are discarded in the same transaction.

use gantry_protocol::RepositoryId;
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use super::view::{self, CacheFilter, CacheView};
use crate::storage::{self, BlobId};

/// Deletes an entry of the repository; whether there was one.
pub async fn delete(
    db: &mut PgConnection,
    repository: RepositoryId,
    id: i64,
) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!(
        "select id from caches where id = $1 and repository_id = $2 and state = 'ready'",
        id,
        repository.0,
    )
    .fetch_optional(&mut *db)
    .await?;
    remove(db, &Vec::from_iter(found)).await?;
    Ok(found.is_some())
}

/// Deletes all entries with this very key, of one ref or of all. Answers them.
pub async fn delete_by_key(
    db: &mut PgConnection,
    repository: RepositoryId,
    (key, git_ref): (&str, Option<&str>),
) -> sqlx::Result<Vec<CacheView>> {
    let filter = CacheFilter {
        key_prefix: Some(key.to_owned()),
        git_ref: git_ref.map(str::to_owned),
        ..CacheFilter::default()
    };
    let mut found = view::list(db, repository, &filter).await?;
    found.retain(|cache| cache.key == key);
    let ids: Vec<_> = found.iter().map(|cache| cache.id).collect();
    remove(db, &ids).await?;
    Ok(found)
}

pub(super) async fn remove(db: &mut PgConnection, ids: &[i64]) -> sqlx::Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let mut transaction = db.begin().await?;
    let blobs: Vec<Uuid> =
        sqlx::query_scalar!("delete from caches where id = any($1) returning blob_id", ids)
            .fetch_all(&mut *transaction)
            .await?;
    let blobs: Vec<_> = blobs.into_iter().map(BlobId).collect();
    storage::discard(&mut transaction, &blobs).await?;
    transaction.commit().await
}
