//! A key is taken, its bytes come, and the entry can be found.
//!
//! Invariant: of several jobs that save under one key at once, one does.

use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use super::{CacheError, evict};
use crate::App;
use crate::storage::{self, Blob, BlobId, BlobKind};
use crate::tokens::JobCaller;

/// GitHub's longest key, in characters.
const MAX_KEY_CHARACTERS: usize = 512;

/// What an entry is found by.
#[derive(Clone, Debug)]
pub struct CacheName {
    pub key: String,
    /// A hash of what is kept and how it is packed; opaque to us.
    pub version: String,
}

/// An entry that is being uploaded.
#[derive(Clone, Copy, Debug)]
pub struct Reservation {
    pub id: i64,
    pub blob: BlobId,
}

/// Takes the key in the scope of the caller's ref. The reservation of a job that has ended without
/// finishing it is void.
pub async fn reserve(
    app: &App,
    caller: &JobCaller,
    name: &CacheName,
) -> Result<Reservation, CacheError> {
    check(name)?;
    let scope = own_scope(caller)?;
    let mut db = app.db.acquire().await?;
    let mut transaction = db.begin().await?;
    give_up_unfinished(&mut transaction, caller, (scope, name)).await?;
    let blob = storage::create(&mut transaction, BlobKind::Cache).await?;
    let id = sqlx::query_scalar!(
        "insert into caches (repository_id, scope, key, version, reserved_by, blob_id)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (repository_id, scope, version, key) do nothing
         returning id",
        caller.repository.0,
        scope,
        name.key,
        name.version,
        caller.job.0,
        blob.0,
    )
    .fetch_optional(&mut *transaction)
    .await?;
    let id = id.ok_or(CacheError::Exists)?;
    transaction.commit().await?;
    Ok(Reservation { id, blob })
}

fn check(name: &CacheName) -> Result<(), CacheError> {
    let complaint = if name.key.is_empty() || name.version.is_empty() {
        "a key and a version are needed"
    } else if name.key.chars().count() > MAX_KEY_CHARACTERS {
        "the key is longer than 512 characters"
    } else if name.key.contains(',') {
        "the key contains a comma"
    } else if name.key.contains('\0') || name.version.contains('\0') {
        "the key contains a zero character"
    } else {
        return Ok(());
    };
    Err(CacheError::Invalid(complaint.to_owned()))
}

/// The scope of the run's own ref, which is the first.
fn own_scope(caller: &JobCaller) -> Result<&str, CacheError> {
    match caller.caches.first() {
        Some(access) if access.can_write() => Ok(&access.scope),
        Some(access) => Err(CacheError::WriteDenied(access.scope.clone())),
        None => Err(CacheError::WriteDenied("this run".to_owned())),
    }
}

async fn give_up_unfinished(
    db: &mut PgConnection,
    caller: &JobCaller,
    (scope, name): (&str, &CacheName),
) -> sqlx::Result<()> {
    let blobs: Vec<Uuid> = sqlx::query_scalar!(
        "delete from caches
         where repository_id = $1 and scope = $2 and key = $3 and version = $4
           and state = 'reserved'
           and not exists (
               select from jobs where jobs.id = reserved_by and jobs.status = 'in_progress'
           )
         returning blob_id",
        caller.repository.0,
        scope,
        name.key,
        name.version,
    )
    .fetch_all(&mut *db)
    .await?;
    let blobs: Vec<_> = blobs.into_iter().map(BlobId).collect();
    storage::discard(db, &blobs).await
}

/// The caller's own reservation with this number.
pub async fn reservation(
    db: &mut PgConnection,
    caller: &JobCaller,
    id: i64,
) -> sqlx::Result<Option<Reservation>> {
    let blob = sqlx::query_scalar!(
        "select blob_id from caches where id = $1 and reserved_by = $2",
        id,
        caller.job.0,
    )
    .fetch_optional(db)
    .await?;
    Ok(blob.map(|blob| Reservation { id, blob: BlobId(blob) }))
}

/// Makes the entry with this name, which the caller has uploaded, findable. Answers its number; also to
/// a call that is said again.
pub async fn finish(
    app: &App,
    caller: &JobCaller,
    name: &CacheName,
    size_bytes: i64,
) -> Result<i64, CacheError> {
    let scope = own_scope(caller)?;
    let mut db = app.db.acquire().await?;
    let row = sqlx::query!(
        "select id, blob_id
         from caches
         where repository_id = $1 and scope = $2 and key = $3 and version = $4
           and reserved_by = $5",
        caller.repository.0,
        scope,
        name.key,
        name.version,
        caller.job.0,
    )
    .fetch_optional(&mut *db)
    .await?
    .ok_or(CacheError::NotReserved)?;
    let found = storage::find(&mut db, BlobId(row.blob_id)).await?;
    drop(db);
    let blob = found.ok_or_else(|| CacheError::Invalid("nothing was uploaded".to_owned()))?;
    if blob.size_bytes != size_bytes {
        return Err(CacheError::Invalid(format!(
            "the cache has {} bytes, and not {size_bytes}",
            blob.size_bytes
        )));
    }
    show(app, caller, (row.id, &blob)).await?;
    Ok(row.id)
}

/// The same for an entry that was uploaded by ranges.
pub async fn finish_ranges(
    app: &App,
    caller: &JobCaller,
    reservation: Reservation,
    size_bytes: u64,
) -> Result<(), CacheError> {
    storage::commit_ranges(app, reservation.blob, size_bytes).await?;
    let size_bytes = i64::try_from(size_bytes)
        .map_err(|_| CacheError::Invalid(format!("{size_bytes} is no size of a cache")))?;
    let blob = Blob { id: reservation.blob, size_bytes, digest: None };
    show(app, caller, (reservation.id, &blob)).await
}

async fn show(app: &App, caller: &JobCaller, (id, blob): (i64, &Blob)) -> Result<(), CacheError> {
    let mut db = app.db.acquire().await?;
    sqlx::query!(
        "update caches
         set state = 'ready',
             size_bytes = $2,
             created_at = clock_timestamp(),
             last_accessed_at = clock_timestamp()
         where id = $1 and state = 'reserved'",
        id,
        blob.size_bytes,
    )
    .execute(&mut *db)
    .await?;
    tracing::info!(job.id = caller.job.0, cache = id, size_bytes = blob.size_bytes, "cache saved");
    evict::evict_of_repository(&mut db, caller.repository, app.config.cache_limit_bytes).await?;
    Ok(())
}
