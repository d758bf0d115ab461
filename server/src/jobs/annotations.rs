//! SQL on `annotations`.

use gantry_protocol::{Annotation, AnnotationLevel, JobId};
use sqlx::PgConnection;

use crate::db::clean;

/// Longest message kept, in bytes; GitHub's check runs take 64 KB.
const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// Longest title and path kept, in bytes.
const MAX_TITLE_BYTES: usize = 1024;

/// Annotations kept of one job (GitHub's limit); the log has them all.
const MOST_PER_JOB: usize = 50;

/// Stores the annotations of a job.
pub(super) async fn insert(
    db: &mut PgConnection,
    job: JobId,
    annotations: &[Annotation],
) -> anyhow::Result<()> {
    for annotation in annotations.iter().take(MOST_PER_JOB) {
        let short = |text: &String| clean(text, MAX_TITLE_BYTES);
        sqlx::query!(
            "insert into annotations (job_id, level, message, title, path, start_line, end_line,
                 start_column, end_column, step_number, log_line)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            job.0,
            annotation.level.as_str(),
            clean(&annotation.message, MAX_MESSAGE_BYTES),
            annotation.title.as_ref().map(short),
            annotation.path.as_ref().map(short),
            number(annotation.start_line),
            number(annotation.end_line),
            number(annotation.start_column),
            number(annotation.end_column),
            i32::try_from(annotation.step_number)?,
            annotation.log_line.map(i64::try_from).transpose()?,
        )
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

/// A failure that concerns the job as a whole.
pub(super) fn failure(message: &str) -> Annotation {
    Annotation {
        level: AnnotationLevel::Failure,
        message: message.to_owned(),
        title: None,
        path: None,
        start_line: None,
        end_line: None,
        start_column: None,
        end_column: None,
        step_number: 0,
        log_line: None,
    }
}

/// A number too large for a place in a file is as good as none.
fn number(number: Option<u32>) -> Option<i32> {
    number.and_then(|number| i32::try_from(number).ok())
}
