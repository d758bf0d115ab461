//! Artifacts of single files, as clients up to version 3 upload them (`protocols` 3.4).
//!
//! A file is a blob of its own, kept as the client sent it, compressed or not. Invariant: a file is
//! seen when all of its bytes are there.

use axum::body::Bytes;
use futures_util::Stream;
use gantry_protocol::RunId;
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use super::ArtifactError;
use super::name::check_path;
use crate::App;
use crate::storage::{self, BlobId, BlobKind, NewBlock, block_at};

/// A piece of a file.
#[derive(Clone, Debug)]
pub struct FileChunk {
    pub artifact: i64,
    /// Below the artifact's own directory.
    pub path: String,
    pub first_byte: u64,
    /// `None` for an empty file.
    pub size_bytes: Option<u64>,
    /// Of the whole file as it is sent.
    pub total_bytes: u64,
    /// `gzip`, or `None`.
    pub encoding: Option<String>,
}

/// A file that is there.
#[derive(Clone, Debug)]
pub struct StoredFile {
    pub path: String,
    pub blob: BlobId,
    pub encoding: Option<String>,
    /// Of the bytes as they were sent.
    pub size_bytes: i64,
}

/// Stores a piece. The first one of a file replaces what there is under its path.
pub async fn put_file_chunk<E>(
    app: &App,
    chunk: &FileChunk,
    body: impl Stream<Item = Result<Bytes, E>>,
) -> Result<(), ArtifactError> {
    check_path(&chunk.path)?;
    let is_within = chunk
        .size_bytes
        .and_then(|size| chunk.first_byte.checked_add(size))
        .is_none_or(|end| end <= chunk.total_bytes);
    if !is_within {
        return Err(ArtifactError::Invalid("the range ends behind the end of the file".into()));
    }
    let mut db = app.db.acquire().await?;
    let blob = match chunk.first_byte {
        0 => begin_file(&mut db, chunk).await?,
        _ => open_file(&mut db, chunk).await?.ok_or(ArtifactError::NotFound)?,
    };
    drop(db);
    let name = block_at(chunk.first_byte);
    let block = NewBlock { blob, name: &name, size_bytes: chunk.size_bytes };
    storage::put_block(app, block, body).await?;
    Ok(())
}

async fn begin_file(db: &mut PgConnection, chunk: &FileChunk) -> sqlx::Result<BlobId> {
    let size = i64::try_from(chunk.total_bytes).unwrap_or(i64::MAX);
    let mut transaction = db.begin().await?;
    let replaced: Vec<Uuid> = sqlx::query_scalar!(
        "delete from artifact_files where artifact_id = $1 and path = $2 returning blob_id",
        chunk.artifact,
        chunk.path,
    )
    .fetch_all(&mut *transaction)
    .await?;
    let replaced: Vec<_> = replaced.into_iter().map(BlobId).collect();
    storage::discard(&mut transaction, &replaced).await?;
    let blob = storage::create(&mut transaction, BlobKind::Artifact).await?;
    sqlx::query!(
        "insert into artifact_files (artifact_id, path, blob_id, content_encoding, size_bytes)
         values ($1, $2, $3, $4, $5)",
        chunk.artifact,
        chunk.path,
        blob.0,
        chunk.encoding,
        size,
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(blob)
}

async fn open_file(db: &mut PgConnection, chunk: &FileChunk) -> sqlx::Result<Option<BlobId>> {
    let id = sqlx::query_scalar!(
        "select blob_id from artifact_files where artifact_id = $1 and path = $2",
        chunk.artifact,
        chunk.path,
    )
    .fetch_optional(db)
    .await?;
    Ok(id.map(BlobId))
}

/// Shows the artifact with all files that were uploaded into it so far.
pub async fn finish_files(app: &App, artifact: i64) -> Result<(), ArtifactError> {
    let mut db = app.db.acquire().await?;
    let open = sqlx::query!(
        "select blob_id, artifact_files.size_bytes
         from artifact_files
         join blobs on blobs.id = artifact_files.blob_id
         where artifact_id = $1 and blobs.state = 'open'",
        artifact,
    )
    .fetch_all(&mut *db)
    .await?;
    drop(db);
    for file in open {
        let size = u64::try_from(file.size_bytes).unwrap_or_default();
        storage::commit_ranges(app, BlobId(file.blob_id), size).await?;
    }
    let mut db = app.db.acquire().await?;
    sqlx::query!(
        "update artifacts
         set state = 'finalized',
             size_bytes = (
                 select coalesce(sum(artifact_files.size_bytes), 0)
                 from artifact_files
                 where artifact_id = $1
             ),
             updated_at = clock_timestamp()
         where id = $1",
        artifact,
    )
    .execute(&mut *db)
    .await?;
    Ok(())
}

/// The files of an artifact of this run, by path.
pub async fn list_files(
    db: &mut PgConnection,
    run: RunId,
    artifact: i64,
) -> sqlx::Result<Vec<StoredFile>> {
    let rows = sqlx::query!(
        "select path, artifact_files.blob_id, content_encoding, artifact_files.size_bytes
         from artifact_files
         join artifacts on artifacts.id = artifact_files.artifact_id
         join blobs on blobs.id = artifact_files.blob_id
         where artifact_id = $2 and artifacts.run_id = $1 and blobs.state = 'committed'
         order by path",
        run.0,
        artifact,
    )
    .fetch_all(db)
    .await?;
    let file = |path, blob, encoding, size_bytes| StoredFile { path, blob, encoding, size_bytes };
    Ok(rows
        .into_iter()
        .map(|row| file(row.path, BlobId(row.blob_id), row.content_encoding, row.size_bytes))
        .collect())
}
