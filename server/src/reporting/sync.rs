//! The reconciler that sends reports.
//!
//! Does not hold a transaction while it calls GitHub. Invariant: one pass at a time sends, what is of
//! one repository in the order in which it was asked for, so an older state never overwrites a newer
//! one; repositories do not wait for each other.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use gantry_protocol::{JobId, RunId};

use super::want::Kind;
use super::{check_runs, commit_statuses, deployments, skipped};
use crate::App;
use crate::background::{Pass, Reconciler, Topic};
use crate::github::GitHubError;
use crate::outbox::{self, Effect};

/// Effects of a kind claimed at once; more are claimed in the same pass. Fewer than can be sent before
/// a claim runs out, at one a second.
const BATCH: i64 = 20;

/// After so many failed attempts (about a day) an effect is given up and logged.
const MAX_ATTEMPTS: i32 = 300;

/// Sends what waits in the outbox.
pub const SYNC_REPORTS: Reconciler = Reconciler {
    name: "sync_reports",
    // A change of a job wakes it at once, and `next_report` names when a retry is due.
    interval: Duration::from_secs(60),
    topic: Some(Topic::Outbox),
    pass: boxed_pass,
};

/// How a call to GitHub went; the outer result of whoever answers it is a fault of ours.
pub(super) type Sent = Result<(), GitHubError>;

fn boxed_pass(app: &App) -> Pass<'_> {
    Box::pin(pass(app))
}

/// When the next report has to be sent; `None` when none waits.
pub async fn next_report(app: &App) -> anyhow::Result<Option<DateTime<Utc>>> {
    if !app.github.is_connected() {
        return Ok(None);
    }
    let mut db = app.db.acquire().await.context("looking for reports to send")?;
    let mut earliest: Option<DateTime<Utc>> = None;
    for kind in Kind::ALL {
        let due = outbox::next_due(&mut db, kind.as_str()).await;
        let due = due.context("looking for reports to send")?;
        earliest = earliest.into_iter().chain(due).min();
    }
    Ok(earliest)
}

async fn pass(app: &App) -> anyhow::Result<u64> {
    if !app.github.is_connected() {
        return Ok(0);
    }
    let mut n_sent = 0;
    loop {
        let groups = claim(app).await?;
        if groups.is_empty() {
            return Ok(n_sent);
        }
        let ended = join_all(groups.into_values().map(|group| send_group(app, group))).await;
        for n_of_group in ended {
            n_sent += n_of_group?;
        }
    }
}

/// Due effects by repository.
async fn claim(app: &App) -> anyhow::Result<BTreeMap<i64, Vec<(Kind, Effect)>>> {
    let mut db = app.db.acquire().await.context("claiming reports")?;
    let mut groups = BTreeMap::<i64, Vec<(Kind, Effect)>>::new();
    for kind in Kind::ALL {
        let claimed = outbox::claim(&mut db, kind.as_str(), BATCH).await;
        for effect in claimed.context("claiming reports")? {
            let repository = number(&effect, "repository_id").unwrap_or_default();
            groups.entry(repository).or_default().push((kind, effect));
        }
    }
    Ok(groups)
}

fn number(effect: &Effect, name: &str) -> Option<i64> {
    effect.payload.get(name).and_then(serde_json::Value::as_i64)
}

/// Sends the effects of one repository. When GitHub asks for patience, the rest waits as well.
async fn send_group(app: &App, group: Vec<(Kind, Effect)>) -> anyhow::Result<u64> {
    let mut n_sent = 0;
    let mut pause = None;
    for (kind, effect) in group {
        let sent = match pause {
            None => send(app, kind, &effect).await?,
            Some(pause) => {
                let reason = "GitHub asked for a pause".to_owned();
                Err(GitHubError::Later { reason, retry_after: Some(pause) })
            }
        };
        if let Err(GitHubError::Later { retry_after: Some(asked), .. }) = &sent {
            pause = Some(*asked);
        }
        n_sent += settle(app, &effect, sent).await?;
    }
    Ok(n_sent)
}

async fn send(app: &App, kind: Kind, effect: &Effect) -> anyhow::Result<Sent> {
    let is_retry = effect.n_attempts > 1;
    let job = number(effect, "job_id").map(JobId);
    let run = number(effect, "run_id").map(RunId);
    match (kind, job, run) {
        (Kind::CheckRun, Some(job), _) => check_runs::send_job(app, job, is_retry).await,
        (Kind::CheckRun, None, Some(run)) => {
            check_runs::send_failed_start(app, run, is_retry).await
        }
        (Kind::CommitStatus, Some(job), _) => commit_statuses::send(app, job).await,
        (Kind::Deployment, Some(job), _) => deployments::send(app, job, is_retry).await,
        (Kind::Skipped, ..) => skipped::send(app, &effect.payload).await,
        (_, None, _) => Ok(Err(GitHubError::Refused("the outbox row names no job or run".into()))),
    }
}

/// Records how it went. An effect that fails does not stop the pass.
async fn settle(app: &App, effect: &Effect, sent: Sent) -> anyhow::Result<u64> {
    let mut db = app.db.acquire().await.context("settling a report")?;
    match sent {
        Ok(()) => {
            outbox::discard(&mut db, effect).await.context("settling a report")?;
            Ok(1)
        }
        Err(GitHubError::Later { reason, retry_after }) if effect.n_attempts < MAX_ATTEMPTS => {
            tracing::warn!(error = reason, "a report could not be sent and will be again");
            let delay = outbox::retry_delay(effect.n_attempts, retry_after);
            outbox::postpone(&mut db, effect, &reason, delay).await?;
            Ok(0)
        }
        Err(error) => {
            tracing::error!(%error, payload = %effect.payload, "a report is given up");
            outbox::discard(&mut db, effect).await.context("settling a report")?;
            Ok(0)
        }
    }
}
