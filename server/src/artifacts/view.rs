//! Reading artifacts. Never writes.
//!
//! Invariant: an artifact is seen when it is whole and until it expires.

use chrono::{DateTime, Utc};
use gantry_protocol::{JobId, RepositoryId, RunId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::storage::BlobId;

/// An artifact as it is shown.
#[derive(Clone, Debug)]
pub struct ArtifactView {
    pub id: i64,
    pub repository: RepositoryId,
    pub run: RunId,
    pub run_attempt: i32,
    pub job: JobId,
    pub name: String,
    /// `None` for an artifact of files.
    pub blob: Option<BlobId>,
    pub mime_type: String,
    pub size_bytes: i64,
    /// `sha256:<hex>`
    pub digest: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub head_branch: String,
    pub head_sha: String,
}

/// Which artifacts of a repository; an absent field does not restrict.
#[derive(Clone, Debug, Default)]
pub struct ArtifactFilter {
    pub run: Option<RunId>,
    pub id: Option<i64>,
    pub name: Option<String>,
}

struct Row {
    id: i64,
    repository_id: i64,
    run_id: i64,
    run_attempt: i32,
    job_id: i64,
    name: String,
    blob_id: Option<Uuid>,
    mime_type: String,
    size_bytes: i64,
    digest: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    head_branch: String,
    head_sha: String,
}

impl From<Row> for ArtifactView {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            repository: RepositoryId(row.repository_id),
            run: RunId(row.run_id),
            run_attempt: row.run_attempt,
            job: JobId(row.job_id),
            name: row.name,
            blob: row.blob_id.map(BlobId),
            mime_type: row.mime_type,
            size_bytes: row.size_bytes,
            digest: row.digest,
            created_at: row.created_at,
            updated_at: row.updated_at,
            expires_at: row.expires_at,
            head_branch: row.head_branch,
            head_sha: row.head_sha,
        }
    }
}

/// The newest first.
pub async fn list(
    db: &mut PgConnection,
    repository: RepositoryId,
    filter: &ArtifactFilter,
) -> sqlx::Result<Vec<ArtifactView>> {
    let rows = sqlx::query_as!(
        Row,
        "select artifacts.id, artifacts.repository_id, run_id, artifacts.run_attempt, job_id,
             artifacts.name, blob_id, mime_type, size_bytes, digest, artifacts.created_at,
             artifacts.updated_at, expires_at, head_branch, head_sha
         from artifacts
         join workflow_runs on workflow_runs.id = artifacts.run_id
         where artifacts.repository_id = $1
           and ($2::bigint is null or run_id = $2)
           and ($3::bigint is null or artifacts.id = $3)
           and ($4::text is null or artifacts.name = $4)
           and state = 'finalized'
           and expires_at > clock_timestamp()
         order by artifacts.id desc",
        repository.0,
        filter.run.map(|run| run.0),
        filter.id,
        filter.name,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(ArtifactView::from).collect())
}

/// One that can be downloaded.
pub async fn find(db: &mut PgConnection, id: i64) -> sqlx::Result<Option<ArtifactView>> {
    let row = sqlx::query_as!(
        Row,
        "select artifacts.id, artifacts.repository_id, run_id, artifacts.run_attempt, job_id,
             artifacts.name, blob_id, mime_type, size_bytes, digest, artifacts.created_at,
             artifacts.updated_at, expires_at, head_branch, head_sha
         from artifacts
         join workflow_runs on workflow_runs.id = artifacts.run_id
         where artifacts.id = $1 and state = 'finalized' and expires_at > clock_timestamp()",
        id,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(ArtifactView::from))
}

/// The number of the artifact of files with this name in a run; that of the newest attempt.
pub async fn find_container(
    db: &mut PgConnection,
    run: RunId,
    name: &str,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        "select id
         from artifacts
         where run_id = $1 and name = $2 and blob_id is null
         order by run_attempt desc
         limit 1",
        run.0,
        name,
    )
    .fetch_optional(db)
    .await
}

/// The name of the artifact of files with this number, if it belongs to the run.
pub async fn container_name(
    db: &mut PgConnection,
    run: RunId,
    id: i64,
) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "select name from artifacts where id = $1 and run_id = $2 and blob_id is null",
        id,
        run.0,
    )
    .fetch_optional(db)
    .await
}
