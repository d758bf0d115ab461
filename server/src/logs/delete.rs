//! Logs that nobody wants any more, and whether there is one.
//!
//! Invariant: the object goes before its row, so that what is left after a crash is found again.

use gantry_protocol::JobId;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use sqlx::PgConnection;

use super::chunks;

/// Deletes the logs of these jobs, which have ended.
pub async fn delete(
    db: &mut PgConnection,
    storage: &dyn ObjectStore,
    jobs: &[JobId],
) -> anyhow::Result<()> {
    let ids: Vec<i64> = jobs.iter().map(|job| job.0).collect();
    let objects =
        sqlx::query_scalar!("select object_key from log_archives where job_id = any($1)", &ids)
            .fetch_all(&mut *db)
            .await?;
    for object in objects {
        match storage.delete(&Path::from(object.as_str())).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    chunks::discard(&mut *db, &ids).await?;
    sqlx::query!("delete from log_archives where job_id = any($1)", &ids).execute(db).await?;
    Ok(())
}

/// Whether any of these jobs has a log.
pub async fn exist(db: &mut PgConnection, jobs: &[JobId]) -> sqlx::Result<bool> {
    let ids: Vec<i64> = jobs.iter().map(|job| job.0).collect();
    // What a job kept from an earlier attempt has its log there.
    sqlx::query_scalar!(
        r#"with writers as (
             select coalesce(kept_from, id) as job_id
             from jobs
             where id = any($1)
         )
         select exists(select from log_archives join writers using (job_id))
             or exists(select from log_chunks join writers using (job_id)) as "exist!""#,
        &ids,
    )
    .fetch_one(db)
    .await
}
