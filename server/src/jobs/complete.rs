//! The end of a job, as its runner reports it.

use std::collections::BTreeMap;

use gantry_protocol::{CompleteJob, Conclusion, JobId};
use sqlx::types::Json;
use sqlx::{Connection as _, PgConnection};

use super::fence::{self, CallError, JobCall};
use super::{annotations, steps};
use crate::background::Topic;
use crate::db::clean;
use crate::{App, logs, reporting};

/// Longest output kept, in bytes; GitHub's limit for all outputs of a job together is 1 MiB.
const MAX_OUTPUT_BYTES: usize = 1024 * 1024;

/// Longest URL and infrastructure error kept, in bytes.
const MAX_TEXT_BYTES: usize = 8 * 1024;

/// Why a completion is refused.
#[derive(Debug, thiserror::Error)]
pub enum CompleteError {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(
        "{stored} of {sent} log chunks of job {job} have arrived; send the rest, then complete again"
    )]
    LogIncomplete { job: JobId, stored: u64, sent: u64 },
    #[error("`{0}` is not a conclusion a job can end with")]
    Conclusion(Conclusion),
}

impl From<sqlx::Error> for CompleteError {
    fn from(error: sqlx::Error) -> Self {
        Self::Call(error.into())
    }
}

/// Concludes the job. The first call wins; a repetition under the same lease changes nothing.
pub async fn complete(
    app: &App,
    call: JobCall,
    completion: &CompleteJob,
) -> Result<(), CompleteError> {
    check_conclusion(completion.conclusion)?;
    let mut connection = app.db.acquire().await?;
    let mut transaction = connection.begin().await?;
    let leased = fence::check(&mut transaction, call).await?;
    if leased.is_completed {
        return Ok(());
    }
    let sent = completion.log_chunks;
    let stored = logs::count(&mut transaction, call.job, sent).await.map_err(CallError::Other)?;
    if stored < sent {
        return Err(CompleteError::LogIncomplete { job: call.job, stored, sent });
    }
    write(&mut transaction, call.job, completion).await?;
    steps::close(&mut transaction, &[call.job.0]).await?;
    annotations::insert(&mut transaction, call.job, &completion.annotations)
        .await
        .map_err(CallError::Other)?;
    reporting::want_report(&mut transaction, &app.config, call.job).await?;
    transaction.commit().await?;
    tracing::info!(
        job.id = call.job.0,
        run.id = leased.run.0,
        conclusion = %completion.conclusion,
        "job completed"
    );
    wake_after_end(app);
    Ok(())
}

/// A leased job whose message cannot be built ends as a failure that says why.
pub async fn conclude_unprepared(
    app: &App,
    call: JobCall,
    reason: &str,
) -> Result<(), CompleteError> {
    let completion = CompleteJob {
        lease: call.lease,
        conclusion: Conclusion::Failure,
        outputs: BTreeMap::new(),
        annotations: vec![annotations::failure(reason)],
        environment_url: None,
        infrastructure_error: Some(reason.to_owned()),
        log_chunks: 0,
    };
    complete(app, call, &completion).await
}

/// Who may be interested in the end of a job.
pub(super) fn wake_after_end(app: &App) {
    for topic in [Topic::Runs, Topic::Events, Topic::Outbox, Topic::Archive] {
        app.wakeups.wake(topic);
    }
}

fn check_conclusion(conclusion: Conclusion) -> Result<(), CompleteError> {
    match conclusion {
        Conclusion::Success
        | Conclusion::Failure
        | Conclusion::Cancelled
        | Conclusion::Skipped
        | Conclusion::TimedOut
        | Conclusion::Neutral => Ok(()),
        Conclusion::ActionRequired | Conclusion::Stale | Conclusion::StartupFailure => {
            Err(CompleteError::Conclusion(conclusion))
        }
    }
}

async fn write(db: &mut PgConnection, job: JobId, completion: &CompleteJob) -> sqlx::Result<()> {
    let outputs: BTreeMap<String, String> = completion
        .outputs
        .iter()
        .map(|(name, value)| (clean(name, MAX_TEXT_BYTES), clean(value, MAX_OUTPUT_BYTES)))
        .collect();
    sqlx::query!(
        "update jobs
         set status = 'completed',
             conclusion = $2,
             reason = $3,
             infrastructure_error = $3,
             outputs = $4,
             environment_url = $5,
             lease_claim = null,
             has_news = true,
             completed_order = nextval('job_completions'),
             completed_at = clock_timestamp(),
             updated_at = clock_timestamp()
         where id = $1",
        job.0,
        completion.conclusion.as_str(),
        completion.infrastructure_error.as_ref().map(|text| clean(text, MAX_TEXT_BYTES)),
        Json(&outputs) as _,
        completion.environment_url.as_ref().map(|text| clean(text, MAX_TEXT_BYTES)),
    )
    .execute(db)
    .await?;
    Ok(())
}
