//! Entries that nobody uses make room.
//!
//! Invariant: what a repository keeps is at most its limit, after each save.

use gantry_protocol::RepositoryId;
use sqlx::PgConnection;

use super::remove::remove;
use crate::App;
use crate::storage::{self, BlobId};

/// Entries per pass.
const BATCH: i64 = 500;

/// Removes what was not used for a week, as on GitHub; reservations of ended jobs; blobs that no entry
/// refers to; and what is more than a repository may keep.
pub async fn evict_caches(app: &App) -> anyhow::Result<u64> {
    let mut db = app.db.acquire().await?;
    let ids = sqlx::query_scalar!(
        "select id
         from caches
         where (state = 'ready' and last_accessed_at < clock_timestamp() - interval '7 days')
            or (state = 'reserved' and created_at < clock_timestamp() - interval '1 hour'
                and not exists (
                    select from jobs where jobs.id = reserved_by and jobs.status = 'in_progress'
                ))
         limit $1",
        BATCH,
    )
    .fetch_all(&mut *db)
    .await?;
    remove(&mut db, &ids).await?;
    let orphans = orphans(&mut db).await?;
    storage::discard(&mut db, &orphans).await?;
    let mut n_evicted = ids.len() + orphans.len();
    for repository in
        sqlx::query_scalar!("select distinct repository_id from caches").fetch_all(&mut *db).await?
    {
        let limit = app.config.cache_limit_bytes;
        n_evicted += evict_of_repository(&mut db, RepositoryId(repository), limit).await?;
    }
    Ok(u64::try_from(n_evicted)?)
}

/// Removes the least recently used entries of a repository until the rest fits into its limit.
pub(super) async fn evict_of_repository(
    db: &mut PgConnection,
    repository: RepositoryId,
    limit_bytes: u64,
) -> sqlx::Result<usize> {
    let limit = i64::try_from(limit_bytes).unwrap_or(i64::MAX);
    let ids = sqlx::query_scalar!(
        r#"select id as "id!"
         from (
             select id, sum(size_bytes) over (order by last_accessed_at desc, id desc) as total
             from caches
             where repository_id = $1 and state = 'ready'
         ) as used
         where total > $2::bigint"#,
        repository.0,
        limit,
    )
    .fetch_all(&mut *db)
    .await?;
    remove(db, &ids).await?;
    Ok(ids.len())
}

async fn orphans(db: &mut PgConnection) -> sqlx::Result<Vec<BlobId>> {
    let ids = sqlx::query_scalar!(
        "select blobs.id
         from blobs
         where blobs.kind = 'cache'
           and blobs.state <> 'discarded'
           and blobs.created_at < clock_timestamp() - interval '1 minute'
           and not exists (select from caches where blob_id = blobs.id)
         limit $1",
        BATCH,
    )
    .fetch_all(db)
    .await?;
    Ok(ids.into_iter().map(BlobId).collect())
}
