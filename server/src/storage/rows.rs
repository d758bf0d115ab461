//! Rows of blobs: made open, committed once, discarded at last.

use sqlx::PgConnection;
use uuid::Uuid;

/// A blob's number; its objects' keys begin with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobId(pub Uuid);

impl std::fmt::Display for BlobId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Whose rows refer to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlobKind {
    Artifact,
    Cache,
}

impl BlobKind {
    fn word(self) -> &'static str {
        match self {
            Self::Artifact => "artifact",
            Self::Cache => "cache",
        }
    }
}

/// A blob that can be read.
#[derive(Clone, Debug)]
pub struct Blob {
    pub id: BlobId,
    pub size_bytes: i64,
    /// SHA-256 in hex, once it has been computed.
    pub digest: Option<String>,
}

/// A new blob, open for blocks.
pub async fn create(db: &mut PgConnection, kind: BlobKind) -> sqlx::Result<BlobId> {
    let id = Uuid::now_v7();
    sqlx::query!("insert into blobs (id, kind) values ($1, $2)", id, kind.word())
        .execute(db)
        .await?;
    Ok(BlobId(id))
}

/// A committed blob.
pub async fn find(db: &mut PgConnection, id: BlobId) -> sqlx::Result<Option<Blob>> {
    let row = sqlx::query!(
        "select size_bytes, digest
         from blobs
         where id = $1 and state = 'committed'",
        id.0,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Blob { id, size_bytes: row.size_bytes, digest: row.digest }))
}

/// Nobody wants these any more; their objects go later. Said in the transaction that removes the last
/// row that refers to them.
pub async fn discard(db: &mut PgConnection, ids: &[BlobId]) -> sqlx::Result<()> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    sqlx::query!(
        "update blobs
         set state = 'discarded', updated_at = clock_timestamp()
         where id = any($1)",
        &ids,
    )
    .execute(db)
    .await?;
    Ok(())
}
