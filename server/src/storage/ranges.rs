//! Blobs whose uploaders say by byte ranges where each piece belongs.
//!
//! Invariant: the pieces of a committed blob touch each other and cover it to its end.

use sqlx::PgConnection;

use super::commit::commit;
use super::error::StorageError;
use super::rows::BlobId;
use crate::App;

/// The name of the block that begins at this byte; names sort as the bytes do.
#[must_use]
pub fn block_at(first_byte: u64) -> String {
    format!("{first_byte:020}")
}

/// Makes the blob of all blocks that [`block_at`] named, which must be `size` bytes without a gap.
pub async fn commit_ranges(app: &App, blob: BlobId, size: u64) -> Result<(), StorageError> {
    let mut db = app.db.acquire().await?;
    let blocks = blocks(&mut db, blob).await?;
    drop(db);
    let mut covered = 0;
    for (name, n_bytes) in &blocks {
        if *name != block_at(covered) {
            break;
        }
        covered += n_bytes;
    }
    if covered != size || blocks.iter().map(|(_, n_bytes)| n_bytes).sum::<u64>() != size {
        return Err(StorageError::Incomplete { expected: size, received: covered });
    }
    let names: Vec<_> = blocks.into_iter().map(|(name, _)| name).collect();
    commit(app, blob, &names).await.map(drop)
}

async fn blocks(db: &mut PgConnection, blob: BlobId) -> Result<Vec<(String, u64)>, StorageError> {
    let rows = sqlx::query!(
        "select name, size_bytes
         from blob_blocks
         where blob_id = $1
         order by name",
        blob.0,
    )
    .fetch_all(db)
    .await?;
    let sized = |size: i64| u64::try_from(size).map_err(|error| StorageError::Other(error.into()));
    rows.into_iter().map(|row| Ok((row.name, sized(row.size_bytes)?))).collect()
}
