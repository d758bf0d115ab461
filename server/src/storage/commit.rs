//! From blocks to a blob that can be read.
//!
//! No byte is copied: a blob is the list of its blocks, in the order that the uploader named
//! (`protocols` 0.5). Invariant: a commit is one transaction, and saying it twice is harmless.

use std::collections::HashMap;

use anyhow::Context as _;
use aws_lc_rs::digest::{Context, SHA256};
use futures_util::TryStreamExt as _;
use object_store::ObjectStoreExt as _;
use object_store::path::Path;
use sqlx::{Connection as _, PgConnection};

use super::download::{self, Contents};
use super::error::StorageError;
use super::rows::BlobId;
use crate::App;

/// Makes the blob of these blocks, in this order; all others go. Answers its size.
pub async fn commit(app: &App, blob: BlobId, names: &[String]) -> Result<i64, StorageError> {
    let mut db = app.db.acquire().await?;
    let mut transaction = db.begin().await?;
    let (size, unused) = match lock(&mut transaction, blob).await?.as_deref() {
        Some("open") => commit_blocks(&mut transaction, blob, names).await?,
        Some("committed") => (committed_before(&mut transaction, blob, names).await?, Vec::new()),
        Some(_) => return Err(StorageError::Closed),
        None => return Err(StorageError::NotFound),
    };
    transaction.commit().await?;
    drop(db);
    for key in unused {
        let _ = app.storage.delete(&Path::from(key)).await;
    }
    Ok(size)
}

async fn lock(db: &mut PgConnection, blob: BlobId) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!("select state from blobs where id = $1 for update", blob.0)
        .fetch_optional(db)
        .await
}

/// Answers the blob's size, and the objects of blocks that are not in it.
async fn commit_blocks(
    db: &mut PgConnection,
    blob: BlobId,
    names: &[String],
) -> Result<(i64, Vec<String>), StorageError> {
    let rows = sqlx::query!("select name, size_bytes from blob_blocks where blob_id = $1", blob.0)
        .fetch_all(&mut *db)
        .await?;
    let mut sizes: HashMap<_, _> = rows.into_iter().map(|row| (row.name, row.size_bytes)).collect();
    let n_blocks = sizes.len();
    let mut size = 0;
    let mut first_bytes = Vec::with_capacity(names.len());
    for name in names {
        let Some(block) = sizes.remove(name) else {
            let is_repeated =
                n_blocks > sizes.len() && names.iter().filter(|it| *it == name).count() > 1;
            let error =
                if is_repeated { StorageError::RepeatedBlock } else { StorageError::MissingBlock };
            return Err(error(name.clone()));
        };
        first_bytes.push(size);
        size += block;
    }
    sqlx::query!(
        "update blob_blocks
         set first_byte = listed.first_byte
         from unnest($2::text[], $3::bigint[]) as listed (name, first_byte)
         where blob_blocks.blob_id = $1 and blob_blocks.name = listed.name",
        blob.0,
        names,
        &first_bytes,
    )
    .execute(&mut *db)
    .await?;
    let unused = sqlx::query_scalar!(
        "delete from blob_blocks
         where blob_id = $1 and first_byte is null
         returning object_key",
        blob.0,
    )
    .fetch_all(&mut *db)
    .await?;
    sqlx::query!(
        "update blobs
         set state = 'committed', size_bytes = $2, updated_at = clock_timestamp()
         where id = $1",
        blob.0,
        size,
    )
    .execute(db)
    .await?;
    Ok((size, unused))
}

/// The answer to a commit that is said again, because the first answer was lost on the way.
async fn committed_before(
    db: &mut PgConnection,
    blob: BlobId,
    names: &[String],
) -> Result<i64, StorageError> {
    let rows = sqlx::query!(
        "select name, size_bytes
         from blob_blocks
         where blob_id = $1
         order by first_byte, size_bytes",
        blob.0,
    )
    .fetch_all(db)
    .await?;
    match rows.iter().map(|row| &row.name).eq(names) {
        true => Ok(rows.iter().map(|row| row.size_bytes).sum()),
        false => Err(StorageError::Closed),
    }
}

/// The SHA-256 of a committed blob in hex; computed at the first call.
pub async fn digest(app: &App, blob: BlobId) -> Result<String, StorageError> {
    let mut db = app.db.acquire().await?;
    let found = super::find(&mut db, blob).await?.ok_or(StorageError::NotFound)?;
    if let Some(digest) = found.digest {
        return Ok(digest);
    }
    let whole: Contents = download::contents(&mut db, blob).await?;
    drop(db);
    let mut bytes = std::pin::pin!(whole.stream(app.storage.clone(), None));
    let mut hash = Context::new(&SHA256);
    while let Some(piece) = bytes.try_next().await.context("reading a blob")? {
        hash.update(&piece);
    }
    let digest = hex::encode(hash.finish());
    let mut db = app.db.acquire().await?;
    sqlx::query!("update blobs set digest = $2 where id = $1", blob.0, digest)
        .execute(&mut *db)
        .await?;
    Ok(digest)
}
