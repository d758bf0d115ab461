//! Reading annotations for people and API clients.
//!
//! Never writes.

use std::collections::BTreeMap;

use gantry_protocol::JobId;
use sqlx::PgConnection;

/// An annotation as it is shown.
#[derive(Clone, Debug)]
pub struct AnnotationView {
    pub level: String,
    pub message: String,
    pub title: Option<String>,
    pub path: Option<String>,
    pub start_line: Option<i32>,
    pub end_line: Option<i32>,
    pub start_column: Option<i32>,
    pub end_column: Option<i32>,
    pub step_number: Option<i32>,
    pub log_line: Option<i64>,
}

/// The annotations of these jobs, by job, in the order they were made.
pub async fn annotations_of_jobs(
    db: &mut PgConnection,
    jobs: &[JobId],
) -> sqlx::Result<BTreeMap<JobId, Vec<AnnotationView>>> {
    let ids: Vec<i64> = jobs.iter().map(|job| job.0).collect();
    let rows = sqlx::query!(
        "select job_id, level, message, title, path, start_line, end_line, start_column,
                end_column, step_number, log_line
         from annotations
         where job_id = any($1)
         order by id",
        &ids
    )
    .fetch_all(db)
    .await?;
    let mut annotations = BTreeMap::<JobId, Vec<AnnotationView>>::new();
    for row in rows {
        annotations.entry(JobId(row.job_id)).or_default().push(AnnotationView {
            level: row.level,
            message: row.message,
            title: row.title,
            path: row.path,
            start_line: row.start_line,
            end_line: row.end_line,
            start_column: row.start_column,
            end_column: row.end_column,
            step_number: row.step_number,
            log_line: row.log_line,
        });
    }
    Ok(annotations)
}
