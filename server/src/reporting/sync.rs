//! The reconciler that sends check runs.
//!
//! Does not hold a transaction while it calls GitHub. Invariant: one pass at a time sends, in the
//! order in which changes were asked for, so an older state never overwrites a newer one.

use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use gantry_protocol::{JobId, RunId};
use serde_json::json;
use sqlx::PgConnection;

use super::github::{Client, ReportError};
use super::queries;
use super::wanted::{Place, WantedCheckRun, wanted, wanted_for_failed_start};
use crate::App;
use crate::background::{Pass, Reconciler, Topic};
use crate::config::Config;
use crate::outbox::{self, Effect};

const KIND: &str = "check_run";

/// Effects claimed at once; more are claimed in the same pass.
const BATCH: i64 = 20;

/// After so many failed attempts (about a day) an effect is given up and logged.
const MAX_ATTEMPTS: i32 = 300;

/// Sends the check runs that wait in the outbox.
pub const SYNC_REPORTS: Reconciler = Reconciler {
    name: "sync_reports",
    // A change of a job wakes it at once, and `next_report` names when a retry is due.
    interval: Duration::from_secs(60),
    topic: Some(Topic::Outbox),
    pass: boxed_pass,
};

fn boxed_pass(app: &App) -> Pass<'_> {
    Box::pin(pass(app))
}

/// Asks for the check run of `job` to be brought up to date. Without a configured GitHub nothing is
/// asked for. The caller wakes [`Topic::Outbox`] after its transaction has committed.
pub async fn want_check_run(
    db: &mut PgConnection,
    config: &Config,
    job: JobId,
) -> sqlx::Result<()> {
    if config.github.is_none() {
        return Ok(());
    }
    outbox::enqueue(db, KIND, &job.to_string(), &json!({ "job_id": job })).await
}

/// Asks for a failed check run for a run that ended before it had jobs; otherwise as
/// [`want_check_run`].
pub async fn want_failed_start(
    db: &mut PgConnection,
    config: &Config,
    run: RunId,
) -> sqlx::Result<()> {
    if config.github.is_none() {
        return Ok(());
    }
    outbox::enqueue(db, KIND, &format!("run-{run}"), &json!({ "run_id": run })).await
}

/// When the next check run has to be sent; `None` when none waits.
pub async fn next_report(app: &App) -> anyhow::Result<Option<DateTime<Utc>>> {
    if app.config.github.is_none() {
        return Ok(None);
    }
    let mut db = app.db.acquire().await.context("looking for check runs to send")?;
    outbox::next_due(&mut db, KIND).await.context("looking for check runs to send")
}

async fn pass(app: &App) -> anyhow::Result<u64> {
    let Some(access) = &app.config.github else {
        return Ok(0);
    };
    let mut client = None;
    let mut n_sent = 0;
    loop {
        let mut db = app.db.acquire().await.context("claiming check runs")?;
        let effects = outbox::claim(&mut db, KIND, BATCH).await.context("claiming check runs")?;
        drop(db);
        if effects.is_empty() {
            return Ok(n_sent);
        }
        let client = match &client {
            Some(client) => client,
            None => client.insert(Client::new(access)?),
        };
        for effect in effects {
            n_sent += send_and_settle(app, client, &effect).await?;
        }
    }
}

/// Sends one effect and records how it went. An effect that fails does not stop the pass.
async fn send_and_settle(app: &App, client: &Client, effect: &Effect) -> anyhow::Result<u64> {
    let is_retry = effect.n_attempts > 1;
    let number = |name: &str| effect.payload.get(name).and_then(serde_json::Value::as_i64);
    let sent = match (number("job_id"), number("run_id")) {
        (Some(job), _) => send(app, client, JobId(job), is_retry).await?,
        (None, Some(run)) => send_failed_start(app, client, RunId(run), is_retry).await?,
        (None, None) => Err(ReportError::Refused("the outbox row names no job or run".into())),
    };
    let mut db = app.db.acquire().await.context("settling a check run")?;
    match sent {
        Ok(()) => outbox::discard(&mut db, effect).await.context("settling a check run")?,
        Err(ReportError::Later { reason, retry_after }) if effect.n_attempts < MAX_ATTEMPTS => {
            tracing::warn!(error = reason, "a check run could not be sent and will be again");
            let delay = outbox::retry_delay(effect.n_attempts, retry_after);
            outbox::postpone(&mut db, effect, &reason, delay).await?;
            return Ok(0);
        }
        Err(error) => {
            tracing::error!(%error, payload = %effect.payload, "a check run is given up");
            outbox::discard(&mut db, effect).await.context("settling a check run")?;
            return Ok(0);
        }
    }
    Ok(1)
}

/// The outer result is a fault of ours, the inner one of the call to GitHub.
async fn send(
    app: &App,
    client: &Client,
    job: JobId,
    is_retry: bool,
) -> anyhow::Result<Result<(), ReportError>> {
    let mut db = app.db.acquire().await.context("reading a job to report")?;
    let Some(facts) = queries::find_job(&mut db, job).await.context("reading a job to report")?
    else {
        return Ok(Ok(()));
    };
    let reported = queries::find_reported(&mut db, job).await.context("reading a check run")?;
    drop(db);
    let Some(wanted) = wanted(&facts, &app.config.public_url) else {
        return Ok(Ok(()));
    };
    let known = match &reported {
        Some(reported)
            if reported.status == wanted.status && reported.conclusion == wanted.conclusion =>
        {
            return Ok(Ok(()));
        }
        Some(reported) => Some(reported.check_run_id),
        None => None,
    };
    match bring_about(client, facts.place(), &wanted, (known, is_retry)).await {
        Ok(check_run_id) => {
            let mut db = app.db.acquire().await.context("storing a check run")?;
            queries::store_reported(&mut db, job, check_run_id, &wanted)
                .await
                .context("storing a check run")?;
            Ok(Ok(()))
        }
        Err(error) => Ok(Err(error)),
    }
}

/// Updates the check run when its number is known; otherwise creates it, unless an earlier attempt
/// did so without learning of it.
async fn bring_about(
    client: &Client,
    place: Place<'_>,
    wanted: &WantedCheckRun,
    (known, is_retry): (Option<i64>, bool),
) -> Result<i64, ReportError> {
    let existing = match known {
        Some(check_run_id) => Some(check_run_id),
        None if is_retry => client.find(place, wanted).await?,
        None => None,
    };
    match existing {
        Some(check_run_id) => {
            client.update(place, check_run_id, wanted).await?;
            Ok(check_run_id)
        }
        None => client.create(place, wanted).await,
    }
}

/// Sent once and for all: such a run never changes.
async fn send_failed_start(
    app: &App,
    client: &Client,
    run: RunId,
    is_retry: bool,
) -> anyhow::Result<Result<(), ReportError>> {
    let mut db = app.db.acquire().await.context("reading a run to report")?;
    let found =
        queries::find_failed_start(&mut db, run).await.context("reading a run to report")?;
    drop(db);
    let Some(facts) = found else { return Ok(Ok(())) };
    let wanted = wanted_for_failed_start(&facts, &app.config.public_url);
    Ok(bring_about(client, facts.place(), &wanted, (None, is_retry)).await.map(drop))
}
