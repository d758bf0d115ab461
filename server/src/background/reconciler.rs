//! Everything periodic: a name, an interval, an idempotent pass without input.
//!
//! Does not know any domain. Invariant: of one reconciler at most one pass runs at a time, in all
//! servers of one database together.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use sha2::{Digest as _, Sha256};
use tracing::Instrument as _;

use super::passes::PassRecord;
use super::wakeups::Topic;
use crate::App;

/// What one pass did: how many items it changed.
pub type Pass<'a> = Pin<Box<dyn Future<Output = anyhow::Result<u64>> + Send + 'a>>;

/// When the next pass is due by itself, if that is known.
pub type NextDue<'a> =
    Pin<Box<dyn Future<Output = anyhow::Result<Option<DateTime<Utc>>>> + Send + 'a>>;

/// A pass that is repeated when woken and after `interval`. A failed pass is logged and repeated;
/// it loses nothing, because what it works on are rows.
#[derive(Clone, Copy, Debug)]
pub struct Reconciler {
    pub name: &'static str,
    pub interval: Duration,
    pub topic: Option<Topic>,
    pub pass: for<'a> fn(&'a App) -> Pass<'a>,
}

/// A failed pass is repeated after this time, or when woken.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// What is due and was not done by the pass (another server does it, a row is locked) is looked at
/// again after this time. Nothing wakes a reconciler earlier after a failed pass; it is short, so
/// that one item that fails again and again does not hold up the others.
const SHORTEST_WAIT: Duration = Duration::from_millis(50);

/// Repeats the passes of `reconciler` until the server stops.
pub async fn run_reconciler(app: App, reconciler: Reconciler) {
    run_due_reconciler(app, reconciler, |_| Box::pin(async { Ok(None) })).await;
}

/// As [`run_reconciler`], and a pass also runs at the instant that `next_due` names.
pub async fn run_due_reconciler(
    app: App,
    reconciler: Reconciler,
    next_due: for<'a> fn(&'a App) -> NextDue<'a>,
) {
    let shutdown = app.tasks.shutdown();
    let mut woken = reconciler.topic.map(|topic| app.wakeups.subscribe(topic));
    while !shutdown.is_cancelled() {
        if let Some(woken) = &mut woken {
            woken.mark_unchanged();
        }
        let at_most = match run_pass_once(&app, reconciler).await {
            Ok(_) => longest_wait(&app, reconciler, next_due).await,
            Err(_) => {
                tokio::time::sleep(SHORTEST_WAIT).await;
                PAUSE_AFTER_FAILURE
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(at_most) => {}
            () = changed(woken.as_mut()) => {}
        }
    }
}

async fn longest_wait(
    app: &App,
    reconciler: Reconciler,
    next_due: for<'a> fn(&'a App) -> NextDue<'a>,
) -> Duration {
    let due = match next_due(app).await {
        Ok(due) => due,
        Err(error) => {
            tracing::warn!(reconciler = reconciler.name, "the next due time is unknown: {error:#}");
            None
        }
    };
    let until_due =
        due.map(|due| (due - Utc::now()).to_std().unwrap_or_default().max(SHORTEST_WAIT));
    until_due.map_or(reconciler.interval, |until| until.min(reconciler.interval))
}

async fn changed(woken: Option<&mut tokio::sync::watch::Receiver<u64>>) {
    match woken {
        // The sender lives in `App`, so an error means that the server ends.
        Some(woken) => drop(woken.changed().await),
        None => std::future::pending().await,
    }
}

/// One pass, unless another server is in the middle of one; recorded for the administrator.
pub async fn run_pass_once(app: &App, reconciler: Reconciler) -> anyhow::Result<u64> {
    let started = Instant::now();
    let span = tracing::info_span!("pass", reconciler = reconciler.name);
    let outcome = locked_pass(app, reconciler).instrument(span).await;
    app.passes.record(
        reconciler.name,
        PassRecord {
            ended_at: Utc::now(),
            duration: started.elapsed(),
            outcome: outcome.as_ref().map(|n| *n).map_err(|error| format!("{error:#}")),
        },
    );
    if let Err(error) = &outcome {
        tracing::error!(reconciler = reconciler.name, "the pass failed: {error:#}");
    }
    outcome
}

async fn locked_pass(app: &App, reconciler: Reconciler) -> anyhow::Result<u64> {
    let key = lock_key(reconciler.name);
    let mut connection = app.db.acquire().await.context("taking a connection for the lock")?;
    let is_mine = sqlx::query_scalar!(r#"select pg_try_advisory_lock($1) as "is_mine!""#, key,)
        .fetch_one(&mut *connection)
        .await
        .context("taking the lock of the pass")?;
    if !is_mine {
        return Ok(0);
    }
    let outcome = catch_panic((reconciler.pass)(app)).await;
    let unlocked =
        sqlx::query_scalar!("select pg_advisory_unlock($1)", key).fetch_one(&mut *connection).await;
    if unlocked.is_err() {
        // The lock lives as long as its session, so the session must not return to the pool.
        drop(connection.detach());
    }
    outcome
}

/// A panic is a fault of ours; it ends the item or the pass in which it happens, and no more.
pub async fn catch_panic<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let outcome = AssertUnwindSafe(work).catch_unwind().await;
    outcome.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(anyhow::anyhow!("a panic: {}", text.unwrap_or("no message")))
    })
}

/// The first eight bytes of the name's hash: stable between versions of this program.
fn lock_key(name: &str) -> i64 {
    let digest = Sha256::digest(format!("gantry reconciler {name}"));
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(bytes)
}
