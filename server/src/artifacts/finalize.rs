//! An uploaded artifact becomes visible.

use sqlx::PgConnection;
use uuid::Uuid;

use super::ArtifactError;
use crate::App;
use crate::storage::{self, BlobId};
use crate::tokens::JobCaller;

/// What the client says it has uploaded.
#[derive(Clone, Debug)]
pub struct Finalization {
    pub name: String,
    pub size_bytes: i64,
    /// `sha256:<hex>`, where the client knows it.
    pub hash: Option<String>,
}

struct Pending {
    id: i64,
    blob: BlobId,
    is_finalized: bool,
}

/// Compares what was uploaded with what the client says, and shows the artifact. Answers its number;
/// also to a call that is said again.
pub async fn finalize(
    app: &App,
    caller: &JobCaller,
    said: &Finalization,
) -> Result<i64, ArtifactError> {
    let mut db = app.db.acquire().await?;
    let pending = find(&mut db, caller, &said.name).await?.ok_or(ArtifactError::NotFound)?;
    if pending.is_finalized {
        return Ok(pending.id);
    }
    let blob = storage::find(&mut db, pending.blob).await?.ok_or(ArtifactError::NotUploaded)?;
    drop(db);
    if blob.size_bytes != said.size_bytes {
        return Err(ArtifactError::Invalid(format!(
            "the artifact has {} bytes, and not {}",
            blob.size_bytes, said.size_bytes
        )));
    }
    let digest = format!("sha256:{}", storage::digest(app, blob.id).await?);
    if let Some(hash) = &said.hash
        && !hash.eq_ignore_ascii_case(&digest)
    {
        return Err(ArtifactError::Invalid(format!(
            "the artifact's digest is {digest}, and not {hash}"
        )));
    }
    let mut db = app.db.acquire().await?;
    sqlx::query!(
        "update artifacts
         set state = 'finalized', size_bytes = $2, digest = $3, updated_at = clock_timestamp()
         where id = $1 and state = 'pending'",
        pending.id,
        blob.size_bytes,
        digest,
    )
    .execute(&mut *db)
    .await?;
    tracing::info!(
        job.id = caller.job.0,
        run.id = caller.run.0,
        name = said.name,
        size_bytes = blob.size_bytes,
        "artifact uploaded"
    );
    Ok(pending.id)
}

/// Only the job that began an upload ends it.
async fn find(
    db: &mut PgConnection,
    caller: &JobCaller,
    name: &str,
) -> sqlx::Result<Option<Pending>> {
    let row = sqlx::query!(
        r#"select id, blob_id as "blob_id!: Uuid", state
         from artifacts
         where run_id = $1 and run_attempt = $2 and name = $3 and job_id = $4
           and blob_id is not null"#,
        caller.run.0,
        caller.run_attempt,
        name,
        caller.job.0,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Pending {
        id: row.id,
        blob: BlobId(row.blob_id),
        is_finalized: row.state == "finalized",
    }))
}
