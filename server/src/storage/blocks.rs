//! Blocks of a blob that is being uploaded: in any order, several at once, each again if need be.
//!
//! Invariant: a block's row appears when its object is whole, so a block that was cut off in the middle
//! was never there.

use aws_lc_rs::digest;
use axum::body::Bytes;
use futures_util::{Stream, StreamExt as _};
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt as _, PutPayload};
use sqlx::PgConnection;
use uuid::Uuid;

use super::error::StorageError;
use super::rows::BlobId;
use crate::App;

/// Bytes that are handed to a remote store at once, and so what an upload holds in memory; S3 takes no
/// smaller parts.
const REMOTE_PART_BYTES: usize = 5 * 1024 * 1024;

/// The same for a folder, which takes any.
const LOCAL_PART_BYTES: usize = 512 * 1024;

/// A block to store.
#[derive(Clone, Copy, Debug)]
pub struct NewBlock<'a> {
    pub blob: BlobId,
    /// The uploader's name for it.
    pub name: &'a str,
    /// `Content-Length`, where the uploader said it.
    pub size_bytes: Option<u64>,
}

/// Stores a block; one of the same name is replaced. Answers its size.
pub async fn put_block<E>(
    app: &App,
    block: NewBlock<'_>,
    body: impl Stream<Item = Result<Bytes, E>>,
) -> Result<u64, StorageError> {
    let mut db = app.db.acquire().await?;
    check_open(&mut db, block.blob).await?;
    // No connection is held while the client sends.
    drop(db);
    let key = object_key(block.blob);
    let path = Path::from(key.as_str());
    let part_bytes = match app.config.storage_url {
        Some(_) => REMOTE_PART_BYTES,
        None => LOCAL_PART_BYTES,
    };
    let expected = (block.size_bytes, part_bytes);
    let (size, digest) = write(app.storage.as_ref(), &path, expected, body).await?;
    let mut db = app.db.acquire().await?;
    let stored = record(&mut db, block, (&key, size, &digest)).await;
    // What is not referred to would lie there until the whole blob goes.
    let unused = match &stored {
        Ok(replaced) => replaced.clone(),
        Err(_) => Some(key),
    };
    drop(db);
    if let Some(key) = unused {
        let _ = app.storage.delete(&Path::from(key)).await;
    }
    stored?;
    Ok(size)
}

/// A fresh key below the blob's own.
fn object_key(blob: BlobId) -> String {
    format!("blobs/{blob}/{}", Uuid::new_v4())
}

async fn check_open(db: &mut PgConnection, blob: BlobId) -> Result<(), StorageError> {
    let state = sqlx::query_scalar!("select state from blobs where id = $1", blob.0)
        .fetch_optional(db)
        .await?;
    match state.as_deref() {
        Some("open") => Ok(()),
        Some(_) => Err(StorageError::Closed),
        None => Err(StorageError::NotFound),
    }
}

/// Writes the object, which exists as a whole or not at all.
async fn write<E>(
    storage: &dyn ObjectStore,
    path: &Path,
    expected: (Option<u64>, usize),
    body: impl Stream<Item = Result<Bytes, E>>,
) -> Result<(u64, Vec<u8>), StorageError> {
    let mut upload = storage.put_multipart(path).await?;
    match write_parts(upload.as_mut(), expected, body).await {
        Ok(written) => {
            upload.complete().await?;
            Ok(written)
        }
        Err(error) => {
            let _ = upload.abort().await;
            Err(error)
        }
    }
}

async fn write_parts<E>(
    upload: &mut dyn MultipartUpload,
    (expected, part_bytes): (Option<u64>, usize),
    body: impl Stream<Item = Result<Bytes, E>>,
) -> Result<(u64, Vec<u8>), StorageError> {
    let mut body = std::pin::pin!(body);
    let mut hash = digest::Context::new(&digest::SHA256);
    let mut size = 0;
    let mut pieces = Vec::new();
    let mut n_waiting = 0;
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|_| StorageError::BrokenOff)?;
        hash.update(&piece);
        size += piece.len() as u64;
        n_waiting += piece.len();
        pieces.push(piece);
        if n_waiting >= part_bytes {
            upload.put_part(PutPayload::from_iter(std::mem::take(&mut pieces))).await?;
            n_waiting = 0;
        }
    }
    if let Some(expected) = expected
        && expected != size
    {
        return Err(StorageError::Incomplete { expected, received: size });
    }
    // An object has at least one part, and an empty one only when it is empty itself.
    if size == 0 || !pieces.is_empty() {
        upload.put_part(PutPayload::from_iter(pieces)).await?;
    }
    Ok((size, hash.finish().as_ref().to_vec()))
}

/// Writes the row. Answers the key of the object that it replaces.
async fn record(
    db: &mut PgConnection,
    block: NewBlock<'_>,
    (key, size, digest): (&str, u64, &[u8]),
) -> Result<Option<String>, StorageError> {
    let size = i64::try_from(size).map_err(anyhow::Error::from)?;
    let row = sqlx::query!(
        r#"with blob as (
             select id
             from blobs
             where id = $1 and state = 'open'
             for share
         ), replaced as (
             select object_key
             from blob_blocks
             where blob_id = $1 and name = $2
         ), stored as (
             insert into blob_blocks (blob_id, name, object_key, size_bytes, digest)
             select id, $2, $3, $4, $5
             from blob
             on conflict (blob_id, name) do update
             set object_key = excluded.object_key,
                 size_bytes = excluded.size_bytes,
                 digest = excluded.digest
             returning name
         )
         select (select name from stored) as stored, (select object_key from replaced) as replaced"#,
        block.blob.0,
        block.name,
        key,
        size,
        digest,
    )
    .fetch_one(db)
    .await?;
    match row.stored {
        Some(_) => Ok(row.replaced),
        None => Err(StorageError::Closed),
    }
}
