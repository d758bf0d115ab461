//! SQL on `log_chunks`.

use gantry_protocol::{JobId, LogChunk};
use sqlx::PgConnection;

use super::StoredChunk;
use super::marks::marks;

/// Stores a chunk. One that is stored already changes nothing.
pub async fn append(db: &mut PgConnection, job: JobId, chunk: &LogChunk) -> anyhow::Result<()> {
    let n_lines = chunk.text.bytes().filter(|byte| *byte == b'\n').count();
    sqlx::query!(
        "insert into log_chunks
             (job_id, sequence, step_number, first_line, n_lines, content, marks)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (job_id, sequence) do nothing",
        job.0,
        i64::try_from(chunk.sequence)?,
        i32::try_from(chunk.step_number)?,
        i64::try_from(chunk.first_line)?,
        i64::try_from(n_lines)?,
        chunk.text.as_bytes(),
        &marks(&chunk.text),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// How many of the first `n_chunks` chunks are stored.
pub async fn count(db: &mut PgConnection, job: JobId, n_chunks: u64) -> anyhow::Result<u64> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!"
         from log_chunks
         where job_id = $1 and sequence < $2"#,
        job.0,
        i64::try_from(n_chunks)?,
    )
    .fetch_one(db)
    .await?;
    Ok(u64::try_from(count)?)
}

/// Forgets the log of jobs that are handed out again from the beginning.
pub async fn discard(db: &mut PgConnection, jobs: &[i64]) -> sqlx::Result<()> {
    sqlx::query!("delete from log_chunks where job_id = any($1)", jobs).execute(db).await?;
    Ok(())
}

/// The chunks after `after`, in order, until `max_bytes` are exceeded.
pub(super) async fn page(
    db: &mut PgConnection,
    job: JobId,
    after: i64,
    max_bytes: i64,
) -> anyhow::Result<Vec<StoredChunk>> {
    let rows = sqlx::query!(
        r#"select sequence, step_number, first_line, content
         from (
             select sequence, step_number, first_line, content,
                 sum(octet_length(content)) over (order by sequence) - octet_length(content)
                     as bytes_before
             from log_chunks
             where job_id = $1 and sequence > $2
         ) as chunks
         where bytes_before < $3
         order by sequence"#,
        job.0,
        after,
        max_bytes,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(StoredChunk {
                sequence: u64::try_from(row.sequence)?,
                step_number: u32::try_from(row.step_number)?,
                first_line: u64::try_from(row.first_line)?,
                text: String::from_utf8_lossy(&row.content).into_owned(),
            })
        })
        .collect()
}
