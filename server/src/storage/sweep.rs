//! Objects of blobs that nobody wants any more go, and so do blobs that nobody finished.
//!
//! Invariant: objects go before their rows, so that what a crash leaves is found again.

use chrono::TimeDelta;
use futures_util::TryStreamExt as _;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use sqlx::PgConnection;
use sqlx::postgres::types::PgInterval;
use uuid::Uuid;

use crate::App;

/// A blob that somebody reads when it is discarded can be read for as long.
const GRACE: TimeDelta = TimeDelta::minutes(10);

/// An upload that took longer has been given up; the longest a job may run is five days.
const LONGEST_UPLOAD: TimeDelta = TimeDelta::days(6);

/// Blobs per pass.
const BATCH: i64 = 100;

/// Removes what was discarded.
pub async fn sweep_blobs(app: &App) -> anyhow::Result<u64> {
    let mut db = app.db.acquire().await?;
    give_up(&mut db).await?;
    let mut n_removed = 0;
    for id in discarded(&mut db, GRACE).await? {
        match remove(app.storage.as_ref(), &mut db, id).await {
            Ok(()) => n_removed += 1,
            Err(error) => tracing::error!(blob = %id, "removing a blob: {error:#}"),
        }
    }
    Ok(n_removed)
}

async fn give_up(db: &mut PgConnection) -> anyhow::Result<()> {
    let age = interval(LONGEST_UPLOAD)?;
    sqlx::query!(
        "update blobs
         set state = 'discarded', updated_at = clock_timestamp()
         where state = 'open' and created_at < clock_timestamp() - $1::interval",
        age,
    )
    .execute(db)
    .await?;
    Ok(())
}

async fn discarded(db: &mut PgConnection, grace: TimeDelta) -> anyhow::Result<Vec<Uuid>> {
    let grace = interval(grace)?;
    let ids = sqlx::query_scalar!(
        "select id
         from blobs
         where state = 'discarded' and updated_at < clock_timestamp() - $1::interval
         order by updated_at
         limit $2",
        grace,
        BATCH,
    )
    .fetch_all(db)
    .await?;
    Ok(ids)
}

fn interval(time: TimeDelta) -> anyhow::Result<PgInterval> {
    PgInterval::try_from(time).map_err(|error| anyhow::anyhow!("{error}"))
}

async fn remove(storage: &dyn ObjectStore, db: &mut PgConnection, id: Uuid) -> anyhow::Result<()> {
    let prefix = Path::from(format!("blobs/{id}"));
    let objects: Vec<_> = storage.list(Some(&prefix)).try_collect().await?;
    for object in objects {
        match storage.delete(&object.location).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    sqlx::query!("delete from blobs where id = $1", id).execute(db).await?;
    Ok(())
}
