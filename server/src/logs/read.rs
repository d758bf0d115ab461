//! Reading a log, wherever it lies.

use std::sync::Arc;

use futures_util::{Stream, stream};
use gantry_protocol::JobId;
use object_store::ObjectStore;
use serde::Serialize;
use sqlx::{PgConnection, PgPool};

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
    /// The page is full, and the next one is there already.
    pub has_more: bool,
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
    page_after(db, storage, (job, after), PAGE_BYTES).await
}

/// The same in a page that ends once it has `max_bytes`, if that is less than the usual.
pub async fn page_after(
    db: &PgPool,
    storage: &dyn ObjectStore,
    (job, after): (JobId, Option<u64>),
    max_bytes: i64,
) -> anyhow::Result<LogPage> {
    let max_bytes = max_bytes.clamp(1, PAGE_BYTES);
    let after = after.map(i64::try_from).transpose()?.unwrap_or(-1);
    let mut connection = db.acquire().await?;
    let job = written_by(&mut connection, job).await?;
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
    let Some(status) = status else {
        return Ok(LogPage { chunks: Vec::new(), has_more: false, is_complete: true });
    };
    if !status.is_archived {
        let mut chunks = chunks::page(&mut connection, job, after, max_bytes).await?;
        let is_archived_now = sqlx::query_scalar!(
            r#"select exists(select from log_archives where job_id = $1) as "exists!""#,
            job.0,
        )
        .fetch_one(&mut *connection)
        .await?;
        // The archive may have been made between the two looks; then the chunks are there.
        if !is_archived_now {
            if !status.is_completed {
                cut_at_gap(&mut chunks, after);
            }
            let is_last = bytes_of(&chunks) < max_bytes;
            let is_complete = status.is_completed && is_last;
            return Ok(LogPage { chunks, has_more: !is_last, is_complete });
        }
    }
    let index = archive::index(&mut connection, job).await?;
    drop(connection);
    archive::page(storage, &index, after, max_bytes).await
}

/// The job that wrote the log: a job that kept its result in a further attempt has none of its own.
pub(super) async fn written_by(db: &mut PgConnection, job: JobId) -> sqlx::Result<JobId> {
    let kept_from = sqlx::query_scalar!("select kept_from from jobs where id = $1", job.0)
        .fetch_optional(db)
        .await?
        .flatten();
    Ok(kept_from.map_or(job, JobId))
}

/// The text of a log, page by page: a log may be larger than this machine's memory.
pub fn texts(
    db: PgPool,
    storage: Arc<dyn ObjectStore>,
    job: JobId,
) -> impl Stream<Item = anyhow::Result<String>> {
    // Where to go on; `None` after the last page.
    stream::try_unfold(Some(None), move |place: Option<Option<u64>>| {
        let (db, storage) = (db.clone(), storage.clone());
        async move {
            let Some(after) = place else { return Ok(None) };
            let page = chunks_after(&db, storage.as_ref(), job, after).await?;
            let Some(last) = page.chunks.last() else { return Ok(None) };
            let place = (!page.is_complete).then_some(Some(last.sequence));
            let text = page.chunks.iter().map(|chunk| chunk.text.as_str()).collect();
            Ok(Some((text, place)))
        }
    })
}

/// A chunk that overtook another waits for it: a reader goes on after the last one it has seen.
fn cut_at_gap(chunks: &mut Vec<StoredChunk>, after: i64) {
    let expected = u64::try_from(after + 1).unwrap_or_default()..;
    let n_gapless = chunks.iter().zip(expected).take_while(|(chunk, n)| chunk.sequence == *n);
    chunks.truncate(n_gapless.count());
}

fn bytes_of(chunks: &[StoredChunk]) -> i64 {
    let bytes: usize = chunks.iter().map(|chunk| chunk.text.len()).sum();
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
