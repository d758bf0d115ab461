//! Finished artifacts are looked into, each once.
//!
//! Invariant: no transaction is open while bytes are read.

use std::sync::Arc;

use gantry_protocol::{RepositoryId, RunId};
use sqlx::Connection as _;
use tokio::runtime::Handle;

use super::archive::{Found, read_archive};
use super::blob_file::BlobFile;
use super::parse::may_be_report;
use super::store;
use crate::App;
use crate::artifacts::{self, ArtifactView};
use crate::background::Topic;
use crate::storage;

/// Artifacts per pass.
const BATCH: i64 = 20;

/// Of which run an artifact is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    pub(super) artifact: i64,
    pub(super) repository: RepositoryId,
    pub(super) run: RunId,
    pub(super) run_attempt: i32,
}

/// Reads the reports of artifacts that nobody has looked into yet. Answers how many artifacts that were.
pub async fn scan_artifacts(app: &App) -> anyhow::Result<u64> {
    let mut db = app.db.acquire().await?;
    let ids = store::unread(&mut db, BATCH).await?;
    let mut n_read = 0;
    let mut problem = None;
    for id in ids {
        // It may have been deleted meanwhile.
        let Some(artifact) = artifacts::find(&mut db, id).await? else { continue };
        let origin = Origin {
            artifact: id,
            repository: artifact.repository,
            run: artifact.run,
            run_attempt: artifact.run_attempt,
        };
        let found = match look(app, &artifact).await {
            Ok(found) => found,
            // The store may be back at the next pass; the others are not held up.
            Err(error) => {
                problem = Some(error.context(format!("reading the reports of artifact {id}")));
                continue;
            }
        };
        let mut transaction = db.begin().await?;
        store::insert(&mut transaction, (origin, &artifact.name), &found).await?;
        transaction.commit().await?;
        if !found.reports.is_empty() {
            app.wakeups.wake(Topic::Events);
        }
        n_read += 1;
    }
    problem.map_or(Ok(n_read), Err)
}

async fn look(app: &App, artifact: &ArtifactView) -> anyhow::Result<Found> {
    match artifact.blob {
        Some(blob) if artifact.mime_type == "application/zip" => {
            let file = blob_file(app, blob).await?;
            Ok(tokio::task::spawn_blocking(move || read_archive(file)).await?)
        }
        Some(blob) if may_be_report(&artifact.name) => {
            let file = blob_file(app, blob).await?;
            let name = artifact.name.clone();
            look_at(name, None, file).await
        }
        Some(_) => Ok(Found::default()),
        None => look_at_files(app, artifact).await,
    }
}

/// Of an artifact of single files, as old clients upload it.
async fn look_at_files(app: &App, artifact: &ArtifactView) -> anyhow::Result<Found> {
    let mut db = app.db.acquire().await?;
    let files = artifacts::list_files(&mut db, artifact.run, artifact.id).await?;
    drop(db);
    let mut all = Found::default();
    for file in files.into_iter().filter(|file| may_be_report(&file.path)) {
        let contents = blob_file(app, file.blob).await?;
        let found = look_at(file.path, file.encoding, contents).await?;
        all.reports.extend(found.reports);
        all.problems.extend(found.problems);
    }
    Ok(all)
}

async fn look_at(
    path: String,
    encoding: Option<String>,
    contents: BlobFile,
) -> anyhow::Result<Found> {
    let look = move || {
        let mut found = Found::default();
        match encoding.as_deref() {
            Some("gzip") => found.add(&path, flate2::read::MultiGzDecoder::new(contents)),
            _ => found.add(&path, contents),
        }
        found
    };
    Ok(tokio::task::spawn_blocking(look).await?)
}

async fn blob_file(app: &App, blob: storage::BlobId) -> anyhow::Result<BlobFile> {
    let mut db = app.db.acquire().await?;
    let contents = storage::contents(&mut db, blob).await?;
    Ok(BlobFile::new(contents, Arc::clone(&app.storage), Handle::current()))
}
