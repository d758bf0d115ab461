//! Logs: append, tail, archive.

use std::sync::Arc;

use gantry_protocol::JobId;
use object_store::ObjectStore;
use sqlx::PgConnection;

#[derive(Clone, Debug)]
pub struct StoredChunk {
    pub sequence: u64,
    pub step_number: u32,
    pub first_line: u64,
    pub text: String,
}

#[derive(Clone, Debug)]
pub struct LogPage {
    pub chunks: Vec<StoredChunk>,
    pub is_complete: bool,
}

pub async fn chunks_after(
    db: &mut PgConnection,
    storage: &Arc<dyn ObjectStore>,
    job: JobId,
    after: Option<u64>,
) -> anyhow::Result<LogPage> {
    let _ = (db, storage, job, after);
    Ok(LogPage { chunks: Vec::new(), is_complete: true })
}

pub async fn job_text(
    db: &mut PgConnection,
    storage: &Arc<dyn ObjectStore>,
    job: JobId,
) -> anyhow::Result<String> {
    let _ = (db, storage, job);
    Ok(String::new())
}
