//! The log of a finished job as one object: zstd frames of about a megabyte, and an index.
//!
//! The object is a valid zstd file as a whole, and each frame can be read alone by its offset.
//! Invariant: chunks are deleted in the transaction that records the archive, after the object has
//! been stored; a crash before that repeats the work with the same result.

use anyhow::{Context as _, ensure};
use gantry_protocol::JobId;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use sqlx::{Connection as _, PgConnection};
use tokio::io::AsyncWriteExt as _;

use super::marks::marks;
use super::{LogPage, Outline, OutlinedChunk, StoredChunk, chunks};
use crate::App;
use crate::background::Topic;

/// Version of [`Index`]; a reader refuses a newer one.
const INDEX_FORMAT: u32 = 1;

/// Chunks are collected up to about this size before they are compressed together.
const FRAME_BYTES: i64 = 1024 * 1024;

/// zstd's default; logs shrink to about a tenth.
const COMPRESSION_LEVEL: i32 = 3;

/// Jobs per pass.
const BATCH: i64 = 50;

/// What lies where in the object.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Index {
    format: u32,
    object: String,
    frames: Vec<Frame>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Frame {
    /// In the object, in bytes.
    offset: u64,
    bytes: u64,
    chunks: Vec<IndexedChunk>,
}

#[derive(Debug, Serialize, Deserialize)]
struct IndexedChunk {
    sequence: u64,
    step_number: u32,
    first_line: u64,
    n_lines: u64,
    /// Of the uncompressed text.
    bytes: u64,
    /// As in an outline; missing in archives from before there were any.
    #[serde(default)]
    marks: Option<Vec<i32>>,
}

/// Archives the logs of finished jobs.
pub async fn archive_logs(app: &App) -> anyhow::Result<u64> {
    let mut connection = app.db.acquire().await?;
    let jobs = finished_jobs(&mut connection).await?;
    let mut n_archived = 0;
    for job in &jobs {
        match archive(app, &mut connection, *job).await {
            Ok(()) => n_archived += 1,
            Err(error) => tracing::error!(job.id = job.0, "archiving the log: {error:#}"),
        }
    }
    if n_archived > 0 && i64::try_from(jobs.len())? == BATCH {
        app.wakeups.wake(Topic::Archive);
    }
    Ok(n_archived)
}

/// Finished jobs that still have chunks. The recursion looks up one job per step, so its cost does
/// not depend on the number of chunks.
async fn finished_jobs(db: &mut PgConnection) -> sqlx::Result<Vec<JobId>> {
    let ids = sqlx::query_scalar!(
        r#"with recursive with_chunks as (
             (select job_id from log_chunks order by job_id limit 1)
             union all
             select (
                 select min(next.job_id)
                 from log_chunks as next
                 where next.job_id > with_chunks.job_id
             )
             from with_chunks
             where with_chunks.job_id is not null
         )
         select jobs.id
         from with_chunks
         join jobs on jobs.id = with_chunks.job_id
         where jobs.status = 'completed'
         limit $1"#,
        BATCH,
    )
    .fetch_all(db)
    .await?;
    Ok(ids.into_iter().map(JobId).collect())
}

async fn archive(app: &App, db: &mut PgConnection, job: JobId) -> anyhow::Result<()> {
    let object = format!("logs/{job}.zst");
    let index = write_object(app, db, job, object).await?;
    let size: u64 = index.frames.iter().map(|frame| frame.bytes).sum();
    let mut transaction = db.begin().await?;
    sqlx::query!(
        "insert into log_archives (job_id, object_key, size_bytes, line_index)
         values ($1, $2, $3, $4)
         on conflict (job_id) do update
         set size_bytes = excluded.size_bytes, line_index = excluded.line_index",
        job.0,
        index.object,
        i64::try_from(size)?,
        Json(&index) as _,
    )
    .execute(&mut *transaction)
    .await?;
    chunks::discard(&mut transaction, &[job.0]).await?;
    transaction.commit().await?;
    Ok(())
}

async fn write_object(
    app: &App,
    db: &mut PgConnection,
    job: JobId,
    object: String,
) -> anyhow::Result<Index> {
    let mut writer = BufWriter::new(app.storage.clone(), Path::from(object.as_str()));
    let mut index = Index { format: INDEX_FORMAT, object, frames: Vec::new() };
    let mut offset = 0;
    let mut after = -1;
    loop {
        let chunks = chunks::page(db, job, after, FRAME_BYTES).await?;
        let Some(last) = chunks.last() else { break };
        after = i64::try_from(last.sequence)?;
        let text: String = chunks.iter().map(|chunk| chunk.text.as_str()).collect();
        let frame = zstd::bulk::compress(text.as_bytes(), COMPRESSION_LEVEL)?;
        writer.write_all(&frame).await.context("writing the archive")?;
        let bytes = u64::try_from(frame.len())?;
        index.frames.push(Frame { offset, bytes, chunks: chunks.iter().map(indexed).collect() });
        offset += bytes;
    }
    writer.shutdown().await.context("finishing the archive")?;
    Ok(index)
}

fn indexed(chunk: &StoredChunk) -> IndexedChunk {
    IndexedChunk {
        sequence: chunk.sequence,
        step_number: chunk.step_number,
        first_line: chunk.first_line,
        n_lines: chunk.text.bytes().filter(|byte| *byte == b'\n').count() as u64,
        bytes: chunk.text.len() as u64,
        marks: Some(marks(&chunk.text)),
    }
}

pub(super) async fn index(db: &mut PgConnection, job: JobId) -> anyhow::Result<Index> {
    find_index(db, job).await?.with_context(|| format!("job {job} has no archive"))
}

pub(super) async fn find_index(db: &mut PgConnection, job: JobId) -> anyhow::Result<Option<Index>> {
    let index = sqlx::query_scalar!(
        r#"select line_index as "index: Json<Index>"
         from log_archives
         where job_id = $1"#,
        job.0,
    )
    .fetch_optional(db)
    .await?;
    let Some(Json(index)) = index else { return Ok(None) };
    ensure!(
        index.format <= INDEX_FORMAT,
        "the archive of job {job} was written by a newer version of this program"
    );
    Ok(Some(index))
}

pub(super) async fn outline(storage: &dyn ObjectStore, index: &Index) -> anyhow::Result<Outline> {
    let mut outline = Outline { chunks: Vec::new(), is_complete: true };
    for frame in &index.frames {
        let texts = if frame.chunks.iter().any(|chunk| chunk.marks.is_none()) {
            read_frame(storage, &index.object, frame).await?
        } else {
            Vec::new()
        };
        for (at, chunk) in frame.chunks.iter().enumerate() {
            let from_text = || texts.get(at).map(|chunk| marks(&chunk.text)).unwrap_or_default();
            outline.chunks.push(OutlinedChunk {
                sequence: chunk.sequence,
                step_number: chunk.step_number,
                first_line: chunk.first_line,
                n_lines: chunk.n_lines,
                n_bytes: chunk.bytes,
                marks: chunk.marks.clone().unwrap_or_else(from_text),
            });
        }
    }
    Ok(outline)
}

/// The chunks after `after`, until `max_bytes` are exceeded.
pub(super) async fn page(
    storage: &dyn ObjectStore,
    index: &Index,
    after: i64,
    max_bytes: i64,
) -> anyhow::Result<LogPage> {
    let is_wanted = |sequence: u64| i64::try_from(sequence).is_ok_and(|s| s > after);
    let max_bytes = usize::try_from(max_bytes)?;
    let mut page = LogPage { chunks: Vec::new(), has_more: false, is_complete: true };
    let mut n_bytes = 0;
    for frame in &index.frames {
        if !frame.chunks.iter().any(|chunk| is_wanted(chunk.sequence)) {
            continue;
        }
        // Without a look into the frame when the page is full already.
        let chunks = if n_bytes < max_bytes {
            read_frame(storage, &index.object, frame).await?
        } else {
            Vec::new()
        };
        let wanted = chunks.into_iter().filter(|chunk| is_wanted(chunk.sequence));
        let fit = wanted.take_while(|chunk| {
            let has_room = n_bytes < max_bytes;
            n_bytes += chunk.text.len();
            has_room
        });
        let n_before = page.chunks.len();
        page.chunks.extend(fit);
        let n_wanted = frame.chunks.iter().filter(|chunk| is_wanted(chunk.sequence)).count();
        if page.chunks.len() - n_before < n_wanted {
            page.is_complete = false;
            page.has_more = true;
            break;
        }
    }
    Ok(page)
}

async fn read_frame(
    storage: &dyn ObjectStore,
    object: &str,
    frame: &Frame,
) -> anyhow::Result<Vec<StoredChunk>> {
    let range = frame.offset..frame.offset + frame.bytes;
    let compressed = storage
        .get_range(&Path::from(object), range)
        .await
        .with_context(|| format!("reading `{object}`"))?;
    let size = frame.chunks.iter().map(|chunk| chunk.bytes).sum::<u64>();
    let bytes = zstd::bulk::decompress(&compressed, usize::try_from(size)?)
        .with_context(|| format!("decompressing `{object}`"))?;
    let mut rest = bytes.as_slice();
    frame
        .chunks
        .iter()
        .map(|chunk| {
            let (text, tail) = rest
                .split_at_checked(usize::try_from(chunk.bytes)?)
                .with_context(|| format!("`{object}` is shorter than its index"))?;
            rest = tail;
            Ok(StoredChunk {
                sequence: chunk.sequence,
                step_number: chunk.step_number,
                first_line: chunk.first_line,
                text: String::from_utf8_lossy(text).into_owned(),
            })
        })
        .collect()
}
