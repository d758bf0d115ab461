//! Output of a job, checked before `logs` stores it.

use gantry_protocol::LogChunk;
use sqlx::Connection as _;

use super::fence::{self, CallError, JobCall};
use crate::background::Topic;
use crate::{App, logs};

/// Stores a chunk under the lease it names. A repeated chunk changes nothing, also after the end.
pub async fn append_log(app: &App, call: JobCall, chunks: &[LogChunk]) -> Result<(), CallError> {
    let mut connection = app.db.acquire().await?;
    let mut transaction = connection.begin().await?;
    let leased = fence::check(&mut transaction, call).await?;
    if leased.is_completed {
        // The completion was accepted with every chunk in place, so this is a repetition.
        return Ok(());
    }
    if !leased.has_started {
        fence::mark_started(&mut transaction, call.job).await?;
    }
    for chunk in chunks {
        logs::append(&mut transaction, call.job, chunk).await?;
    }
    transaction.commit().await?;
    app.wakeups.wake(Topic::Events);
    Ok(())
}
