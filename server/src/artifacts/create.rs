//! A name is taken, and its bytes may come.

use chrono::{DateTime, TimeDelta, Utc};
use gantry_protocol::JobId;
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use super::{ArtifactError, RETENTION_DAYS, check_name};
use crate::App;
use crate::storage::{self, BlobId, BlobKind};
use crate::tokens::JobCaller;

/// An artifact to upload.
#[derive(Clone, Debug)]
pub struct NewArtifact {
    pub name: String,
    /// Absent: as long as possible.
    pub expires_at: Option<DateTime<Utc>>,
    /// Absent: a zip file.
    pub mime_type: Option<String>,
}

/// Takes the name for the caller's job. Answers the blob to upload into.
///
/// The name of an upload that was never finished is free again for the job that began it, and for all
/// when that job has ended.
pub async fn create(
    app: &App,
    caller: &JobCaller,
    artifact: &NewArtifact,
) -> Result<BlobId, ArtifactError> {
    check_name(&artifact.name)?;
    let mut db = app.db.acquire().await?;
    let mut transaction = db.begin().await?;
    give_up_unfinished(&mut transaction, caller, &artifact.name).await?;
    let blob = storage::create(&mut transaction, BlobKind::Artifact).await?;
    insert(&mut transaction, caller, (artifact, Some(blob))).await?.ok_or(ArtifactError::Exists)?;
    transaction.commit().await?;
    Ok(blob)
}

/// The artifact that clients up to version 3 put their files into, made when there is none yet: several
/// jobs may put files into one.
pub async fn create_container(
    app: &App,
    caller: &JobCaller,
    artifact: &NewArtifact,
) -> Result<i64, ArtifactError> {
    check_name(&artifact.name)?;
    let mut db = app.db.acquire().await?;
    if let Some(id) = insert(&mut db, caller, (artifact, None)).await? {
        return Ok(id);
    }
    let id = sqlx::query_scalar!(
        "select id
         from artifacts
         where run_id = $1 and run_attempt = $2 and name = $3 and blob_id is null",
        caller.run.0,
        caller.run_attempt,
        artifact.name,
    )
    .fetch_optional(&mut *db)
    .await?;
    id.ok_or(ArtifactError::Exists)
}

/// Answers the artifact's number; `None` when the name is taken.
async fn insert(
    db: &mut PgConnection,
    caller: &JobCaller,
    (artifact, blob): (&NewArtifact, Option<BlobId>),
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        "insert into artifacts (run_id, run_attempt, job_id, repository_id, name, blob_id, mime_type,
             expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (run_id, run_attempt, name) do nothing
         returning id",
        caller.run.0,
        caller.run_attempt,
        caller.job.0,
        caller.repository.0,
        artifact.name,
        blob.map(|blob| blob.0),
        mime_type(artifact.mime_type.as_deref()),
        expiry(artifact.expires_at, Utc::now()),
    )
    .fetch_optional(db)
    .await
}

async fn give_up_unfinished(
    db: &mut PgConnection,
    caller: &JobCaller,
    name: &str,
) -> sqlx::Result<()> {
    let blobs: Vec<Option<Uuid>> = sqlx::query_scalar!(
        "delete from artifacts
         using jobs
         where artifacts.run_id = $1 and artifacts.run_attempt = $2 and artifacts.name = $3
           and artifacts.state = 'pending' and artifacts.blob_id is not null
           and jobs.id = artifacts.job_id
           and (jobs.id = $4 or jobs.status <> 'in_progress')
         returning artifacts.blob_id",
        caller.run.0,
        caller.run_attempt,
        name,
        caller.job.0,
    )
    .fetch_all(&mut *db)
    .await?;
    let blobs: Vec<_> = blobs.into_iter().flatten().map(BlobId).collect();
    if !blobs.is_empty() {
        log_given_up(caller.job, name);
    }
    storage::discard(db, &blobs).await
}

fn log_given_up(job: JobId, name: &str) {
    tracing::info!(job.id = job.0, name, "an unfinished artifact makes room for another upload");
}

/// Some clients say `zip`, which is no type; others look at the type to decide whether to unpack
/// (`protocols` 0.6).
fn mime_type(given: Option<&str>) -> &str {
    match given.map(str::trim) {
        None | Some("" | "zip") => "application/zip",
        Some(given) => given,
    }
}

fn expiry(wanted: Option<DateTime<Utc>>, now: DateTime<Utc>) -> DateTime<Utc> {
    let latest = now + TimeDelta::days(RETENTION_DAYS);
    wanted.map_or(latest, |wanted| wanted.min(latest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_artifact_is_kept_as_long_as_was_asked_but_no_longer_than_the_limit() {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let days = |days| now + TimeDelta::days(days);
        assert_eq!(expiry(Some(days(5)), now), days(5));
        assert_eq!(expiry(Some(days(400)), now), days(90));
        assert_eq!(expiry(None, now), days(90));
    }

    #[test]
    fn what_is_no_mime_type_is_a_zip_file() {
        assert_eq!(mime_type(Some("zip")), "application/zip");
        assert_eq!(mime_type(None), "application/zip");
        assert_eq!(mime_type(Some("text/html")), "text/html");
    }
}
