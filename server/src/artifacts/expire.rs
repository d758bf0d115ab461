//! Artifacts whose time is over go, and so does what was never finished.

use sqlx::PgConnection;

use super::delete::remove;
use crate::App;
use crate::storage::{self, BlobId};

/// Artifacts per pass.
const BATCH: i64 = 500;

/// Removes expired artifacts, those that their job left unfinished, and blobs that no artifact refers
/// to, as those of a run that was deleted with everything it had.
pub async fn expire_artifacts(app: &App) -> anyhow::Result<u64> {
    let mut db = app.db.acquire().await?;
    let ids = sqlx::query_scalar!(
        "select artifacts.id
         from artifacts
         join jobs on jobs.id = artifacts.job_id
         where expires_at < clock_timestamp()
            or (state = 'pending' and jobs.status = 'completed'
                and jobs.completed_at < clock_timestamp() - interval '1 hour')
         limit $1",
        BATCH,
    )
    .fetch_all(&mut *db)
    .await?;
    remove(&mut db, &ids).await?;
    let orphans = orphans(&mut db).await?;
    storage::discard(&mut db, &orphans).await?;
    Ok(u64::try_from(ids.len() + orphans.len())?)
}

async fn orphans(db: &mut PgConnection) -> sqlx::Result<Vec<BlobId>> {
    let ids = sqlx::query_scalar!(
        "select blobs.id
         from blobs
         where blobs.kind = 'artifact'
           and blobs.state <> 'discarded'
           and blobs.created_at < clock_timestamp() - interval '1 minute'
           and not exists (select from artifacts where blob_id = blobs.id)
           and not exists (select from artifact_files where blob_id = blobs.id)
         limit $1",
        BATCH,
    )
    .fetch_all(db)
    .await?;
    Ok(ids.into_iter().map(BlobId).collect())
}
