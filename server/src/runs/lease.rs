//! A runner asks for work.
//!
//! Lives here and not in `jobs`, because the message of a job is made from the run's plan.

use std::time::Duration;

use gantry_protocol::{JobMessage, LeaseRequest, RunId};
use serde_json::json;
use sqlx::PgConnection;

use super::{job_message, queries};
use crate::audit::{self, Actor, NewEvent, Outcome};
use crate::background::Topic;
use crate::github::GitHubError;
use crate::jobs::{self, CallError, CompleteError, JobCall, LeasedJob};
use crate::runners::{self, Runner};
use crate::{App, reporting};

/// A request is not held for longer; proxies often cut idle connections after 60 s.
const LONGEST_WAIT: Duration = Duration::from_secs(50);

/// Waits for a job that fits the runner. `None` when none came up in time.
pub async fn lease_job(
    app: &App,
    runner: &Runner,
    request: &LeaseRequest,
) -> anyhow::Result<Option<JobMessage>> {
    // Subscribed before the first look, so that a job queued in between is not missed.
    let mut woken = app.wakeups.subscribe(Topic::Queue);
    let shutdown = app.tasks.shutdown();
    let wait = Duration::from_millis(request.wait_ms).min(LONGEST_WAIT);
    let deadline = tokio::time::Instant::now() + wait;
    let mut connection = app.db.acquire().await?;
    runners::touch(&mut connection, runner.id).await?;
    loop {
        woken.mark_unchanged();
        let lease_seconds = lease_seconds(app);
        let claimed = jobs::claim(&mut connection, runner, request.claim, lease_seconds).await?;
        // No connection is held while waiting.
        drop(connection);
        if let Some(job) = claimed {
            if let Some(message) = hand_out(app, runner, &job).await? {
                return Ok(Some(message));
            }
        } else {
            tokio::select! {
                _ = woken.changed() => {}
                () = tokio::time::sleep_until(deadline) => return Ok(None),
                () = shutdown.cancelled() => return Ok(None),
            }
        }
        connection = app.db.acquire().await?;
    }
}

#[expect(clippy::cast_precision_loss, reason = "a lease has few seconds")]
fn lease_seconds(app: &App) -> f64 {
    app.config.lease_seconds as f64
}

/// The message of a leased job. A job that cannot be prepared is concluded and gives `None`.
async fn hand_out(
    app: &App,
    runner: &Runner,
    job: &LeasedJob,
) -> anyhow::Result<Option<JobMessage>> {
    // Beside each other: the mark waits for the disk, and a lost one is made again by `advance`.
    let (marked, built) = tokio::join!(mark_in_progress(app, job), job_message::build(app, job));
    marked?;
    match built {
        Ok(message) => {
            let mut db = app.db.acquire().await?;
            note_secrets(&mut db, &message).await?;
            drop(db);
            app.wakeups.wake(Topic::Audit);
            app.wakeups.wake(Topic::Events);
            app.wakeups.wake(Topic::Outbox);
            tracing::info!(
                job.id = job.id.0,
                run.id = job.attempt.run.0,
                runner.id = runner.id.0,
                "job leased"
            );
            Ok(Some(message))
        }
        // The repeated request may be answered; the claim gives the same job again.
        Err(error) if is_passing(&error) => Err(error),
        Err(error) => {
            tracing::error!(job.id = job.id.0, "the job could not be prepared: {error:#}");
            let call = JobCall { job: job.id, runner: runner.id, lease: job.lease };
            let reason = format!("the job could not be prepared: {error:#}");
            match jobs::conclude_unprepared(app, call, &reason).await {
                Ok(()) | Err(CompleteError::Call(CallError::Stale(_))) => Ok(None),
                Err(error) => Err(error.into()),
            }
        }
    }
}

/// Which secrets the job gets, by name.
async fn note_secrets(db: &mut PgConnection, message: &JobMessage) -> sqlx::Result<()> {
    let names: Vec<_> = message.secrets.keys().collect();
    if names.is_empty() {
        return Ok(());
    }
    let event = NewEvent {
        actor: Actor::Job(message.job_id),
        address: None,
        action: "secret.use",
        repository: Some(message.repository.full_name.clone()),
        target: Some(format!("run={}", message.run_id)),
    };
    audit::record(db, &event, Outcome::Done, &json!({ "names": names })).await
}

/// The database or GitHub was not there for a moment.
fn is_passing(error: &anyhow::Error) -> bool {
    error.downcast_ref::<sqlx::Error>().is_some()
        || matches!(error.downcast_ref::<GitHubError>(), Some(GitHubError::Later { .. }))
}

async fn mark_in_progress(app: &App, job: &LeasedJob) -> sqlx::Result<()> {
    let mut db = app.db.acquire().await?;
    let run: RunId = job.attempt.run;
    queries::set_status(&mut db, run, "in_progress").await?;
    reporting::want_report(&mut db, &app.config, job.id).await
}
