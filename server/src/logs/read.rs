//! Reading a log, wherever it lies.

use gantry_protocol::JobId;
use object_store::ObjectStore;
use serde::Serialize;
use sqlx::PgPool;

use super::{archive, chunks};

/// A page of a log ends once it has this many bytes.
const PAGE_BYTES: i64 = 4 * 1024 * 1024;

/// One chunk as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredChunk {
    pub sequence: u64,
    pub step_number: u32,
    /// Index within the step of the chunk's first line, from 0.
    pub first_line: u64,
    pub text: String,
}

/// A part of a log.
#[derive(Clone, Debug, Serialize)]
pub struct LogPage {
    pub chunks: Vec<StoredChunk>,
    /// The job has ended and nothing follows these chunks.
    pub is_complete: bool,
}

/// The chunks that follow number `after`, or the first ones.
pub async fn chunks_after(
    db: &PgPool,
    storage: &dyn ObjectStore,
    job: JobId,
    after: Option<u64>,
) -> anyhow::Result<LogPage> {
    let after = after.map(i64::try_from).transpose()?.unwrap_or(-1);
    let mut connection = db.acquire().await?;
    // Asked before the chunks are read: what is appended in between is found by the next call.
    let status = sqlx::query!(
        r#"select status = 'completed' as "is_completed!",
             exists(select from log_archives where job_id = $1) as "is_archived!"
         from jobs
         where id = $1"#,
        job.0,
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(status) = status else { return Ok(LogPage { chunks: Vec::new(), is_complete: true }) };
    if !status.is_archived {
        let chunks = chunks::page(&mut connection, job, after, PAGE_BYTES).await?;
        let is_archived_now = sqlx::query_scalar!(
            r#"select exists(select from log_archives where job_id = $1) as "exists!""#,
            job.0,
        )
        .fetch_one(&mut *connection)
        .await?;
        // The archive may have been made between the two looks; then the chunks are there.
        if !is_archived_now {
            let is_last = bytes_of(&chunks) < PAGE_BYTES;
            return Ok(LogPage { chunks, is_complete: status.is_completed && is_last });
        }
    }
    let index = archive::index(&mut connection, job).await?;
    drop(connection);
    archive::page(storage, &index, after, PAGE_BYTES).await
}

/// The whole log as one text.
pub async fn job_text(
    db: &PgPool,
    storage: &dyn ObjectStore,
    job: JobId,
) -> anyhow::Result<String> {
    let mut text = String::new();
    let mut after = None;
    loop {
        let page = chunks_after(db, storage, job, after).await?;
        let Some(last) = page.chunks.last() else { return Ok(text) };
        after = Some(last.sequence);
        page.chunks.iter().for_each(|chunk| text.push_str(&chunk.text));
        if page.is_complete {
            return Ok(text);
        }
    }
}

fn bytes_of(chunks: &[StoredChunk]) -> i64 {
    let bytes: usize = chunks.iter().map(|chunk| chunk.text.len()).sum();
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
