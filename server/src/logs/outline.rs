//! What is where in a log: its chunks without their text.
//!
//! A page lays out a log of any size by this and then asks for the lines on screen. Invariant: as in a
//! page, an outline of a log that still grows ends before the first chunk that is not there yet.

use gantry_protocol::JobId;
use object_store::ObjectStore;
use sqlx::{PgConnection, PgPool};

use super::archive;
use super::marks::marks;
use super::read::written_by;

/// One chunk without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutlinedChunk {
    pub sequence: u64,
    pub step_number: u32,
    /// Index within the step of the chunk's first line, from 0.
    pub first_line: u64,
    pub n_lines: u64,
    /// Of the text.
    pub n_bytes: u64,
    /// Lines that begin (0) or end (1) a group, or hold an error (2): index within the chunk times 4, plus
    /// that number.
    pub marks: Vec<i32>,
}

/// The chunks of a log.
#[derive(Clone, Debug)]
pub struct Outline {
    pub chunks: Vec<OutlinedChunk>,
    /// The job has ended and nothing follows these chunks.
    pub is_complete: bool,
}

/// The outline of a job's log, wherever it lies.
pub async fn outline(
    db: &PgPool,
    storage: &dyn ObjectStore,
    job: JobId,
) -> anyhow::Result<Outline> {
    let mut connection = db.acquire().await?;
    let job = written_by(&mut connection, job).await?;
    // Before the chunks, as in a page; the archive afterwards, since it may be made in between.
    let is_completed = sqlx::query_scalar!(
        r#"select status = 'completed' as "is_completed!" from jobs where id = $1"#,
        job.0,
    )
    .fetch_optional(&mut *connection)
    .await?
    .unwrap_or(true);
    let chunks = stored(&mut connection, job).await?;
    if let Some(index) = archive::find_index(&mut connection, job).await? {
        drop(connection);
        return archive::outline(storage, &index).await;
    }
    let n_gapless = chunks.iter().zip(0..).take_while(|(chunk, n)| chunk.sequence == *n).count();
    let end = if is_completed { chunks.len() } else { n_gapless };
    Ok(Outline { chunks: chunks.into_iter().take(end).collect(), is_complete: is_completed })
}

async fn stored(db: &mut PgConnection, job: JobId) -> anyhow::Result<Vec<OutlinedChunk>> {
    let rows = sqlx::query!(
        r#"select sequence, step_number, first_line, n_lines, marks,
             octet_length(content) as "n_bytes!",
             case when marks is null then content end as text
         from log_chunks
         where job_id = $1
         order by sequence"#,
        job.0,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            let from_text = || marks(&String::from_utf8_lossy(&row.text.unwrap_or_default()));
            Ok(OutlinedChunk {
                sequence: u64::try_from(row.sequence)?,
                step_number: u32::try_from(row.step_number)?,
                first_line: u64::try_from(row.first_line)?,
                n_lines: u64::try_from(row.n_lines)?,
                n_bytes: u64::try_from(row.n_bytes)?,
                marks: row.marks.unwrap_or_else(from_text),
            })
        })
        .collect()
}
