//! From the inbox to runs.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde_json::Value;
use sqlx::Connection as _;
use tracing::Instrument as _;

use super::calls;
use super::event::{self, NoEvent, RepositoryEvent};
use super::feedback;
use super::files;
use super::schedules::{self, DeclaredSchedule};
use super::selection::{Selected, select_runs};
use crate::App;
use crate::background::{Topic, catch_panic};
use crate::deliveries::{self, Delivery, Outcome};
use crate::runs::WorkflowFileFacts;
use crate::{reporting, repositories, runs};

/// Deliveries in work at once. A repository whose git or GitHub hangs holds up its own deliveries and
/// no others, until this many hang; most of the time is spent waiting for answers.
const N_AT_ONCE: usize = 16;

/// While something is in work, what has become due is looked for this often.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Works on deliveries until none is due: several at once, those of one repository in their order.
pub async fn process_deliveries(app: &App) -> anyhow::Result<u64> {
    let mut woken = app.wakeups.subscribe(Topic::Deliveries);
    let shutdown = app.tasks.shutdown();
    let mut in_work = FuturesUnordered::new();
    let mut ended = Vec::new();
    let mut repositories = BTreeSet::new();
    let mut n_processed = 0;
    let mut failure = None;
    loop {
        woken.mark_unchanged();
        while in_work.len() < N_AT_ONCE && failure.is_none() && !shutdown.is_cancelled() {
            let claimed = claim(app, &repositories);
            let claimed = meanwhile(&mut in_work, &mut ended, claimed).await?;
            let Some(delivery) = claimed else { break };
            repositories.insert(delivery.repository.clone());
            in_work.push(process_one(app, delivery));
        }
        if ended.is_empty() {
            tokio::select! {
                one = in_work.next() => match one {
                    None => break,
                    Some(one) => ended.push(one),
                },
                _ = woken.changed(), if !in_work.is_empty() => {}
                () = tokio::time::sleep(LOOK_AGAIN), if !in_work.is_empty() => {}
            }
        }
        for (repository, outcome) in ended.drain(..) {
            repositories.remove(&repository);
            n_processed += 1;
            failure = failure.or(outcome.err());
        }
    }
    failure.map_or(Ok(n_processed), Err)
}

/// Waits for `wanted` and goes on with what is in work, which may hold what `wanted` waits for: a
/// connection to the database.
async fn meanwhile<T>(
    in_work: &mut FuturesUnordered<impl Future<Output = Ended>>,
    ended: &mut Vec<Ended>,
    wanted: impl Future<Output = T>,
) -> T {
    let mut wanted = std::pin::pin!(wanted);
    loop {
        tokio::select! {
            found = &mut wanted => return found,
            Some(one) = in_work.next() => ended.push(one),
        }
    }
}

/// The repository of a delivery, and whether it could be worked on.
type Ended = (String, anyhow::Result<()>);

async fn claim(app: &App, in_work: &BTreeSet<String>) -> anyhow::Result<Option<Delivery>> {
    let in_work: Vec<String> = in_work.iter().cloned().collect();
    let mut connection = app.db.acquire().await?;
    deliveries::claim(&mut connection, &in_work).await.context("claiming a delivery")
}

async fn process_one(app: &App, delivery: Delivery) -> Ended {
    let span =
        tracing::info_span!("delivery", delivery.guid = delivery.guid, event = delivery.event);
    let outcome = process(app, &delivery).instrument(span).await;
    (delivery.repository, outcome)
}

/// When the next delivery is due.
pub async fn next_delivery(app: &App) -> anyhow::Result<Option<DateTime<Utc>>> {
    let mut connection = app.db.acquire().await?;
    Ok(deliveries::next_due(&mut connection).await?)
}

/// Brings one delivery to its end, or records why this attempt failed.
async fn process(app: &App, delivery: &Delivery) -> anyhow::Result<()> {
    let Err(error) = catch_panic(attempt(app, delivery)).await else { return Ok(()) };
    tracing::warn!(attempt = delivery.n_attempts, "a delivery failed: {error:#}");
    let mut connection = app.db.acquire().await?;
    deliveries::note_failure(&mut connection, delivery, &format!("{error:#}"))
        .await
        .context("recording a failed delivery")
}

async fn attempt(app: &App, delivery: &Delivery) -> anyhow::Result<()> {
    let payload: Value = match serde_json::from_slice(&delivery.payload) {
        Ok(payload) => payload,
        Err(error) => {
            return ignore(app, delivery, format!("the payload is not JSON: {error}")).await;
        }
    };
    if repositories::concerns_list(&delivery.event) {
        return update_list(app, delivery, &payload).await;
    }
    if let Some(outcome) = feedback::handle(app, &delivery.event, &payload).await? {
        let mut connection = app.db.acquire().await?;
        return Ok(deliveries::finish(&mut connection, delivery, &outcome).await?);
    }
    match prepare(app, delivery, payload).await {
        Ok(prepared) => commit(app, delivery, prepared).await,
        Err(NoEvent::Ignored(reason)) => ignore(app, delivery, reason).await,
        Err(NoEvent::Failed(error)) => Err(error),
    }
}

/// GitHub says what repositories there are.
async fn update_list(app: &App, delivery: &Delivery, payload: &Value) -> anyhow::Result<()> {
    let mut connection = app.db.acquire().await?;
    let mut transaction = connection.begin().await?;
    let outcome = repositories::apply_event(&mut transaction, &delivery.event, payload).await;
    let outcome = Outcome::Processed(outcome.context("updating the list of repositories")?);
    deliveries::finish(&mut transaction, delivery, &outcome).await?;
    transaction.commit().await.context("committing a delivery")
}

/// Everything a delivery does, before any of it is written.
struct Prepared {
    event: RepositoryEvent,
    selected: Selected,
    /// Present for a push to the default branch, whose files rule schedules.
    default_branch: Option<DefaultBranch>,
}

struct DefaultBranch {
    schedules: Vec<DeclaredSchedule>,
    workflows: Vec<WorkflowFileFacts>,
}

async fn prepare(app: &App, delivery: &Delivery, payload: Value) -> Result<Prepared, NoEvent> {
    let (event, mut source) = event::read(app, delivery, payload).await?;
    let mut connection = app.db.acquire().await?;
    let disabled = runs::disabled_workflows(&mut connection, event.repository.id).await?;
    drop(connection);
    let files = files::read(&mut source, &event.repository, &event.workflow_sha).await?;
    let default_ref = format!("refs/heads/{}", event.repository.default_branch);
    let is_default_push = event.name == "push" && event.origin.git_ref == default_ref;
    let default_branch = is_default_push.then(|| DefaultBranch {
        schedules: schedules::declared(&files),
        workflows: files::facts(&files),
    });
    let files = (files, &disabled);
    let mut selected = select_runs(&delivery.guid, &event, &mut source, files).await?;
    drop(source);
    let permissions = app.config.default_permissions;
    calls::load(app, (&event, permissions), &mut selected.runs).await.map_err(NoEvent::Failed)?;
    Ok(Prepared { event, selected, default_branch })
}

async fn commit(app: &App, delivery: &Delivery, prepared: Prepared) -> anyhow::Result<()> {
    let Prepared { event, selected, default_branch } = prepared;
    let mut connection = app.db.acquire().await?;
    let mut transaction = connection.begin().await?;
    // Before the runs, of which a workflow that is new here may want to hear.
    if let Some(default) = default_branch {
        runs::note_workflows(&mut transaction, event.repository.id, &default.workflows).await?;
        schedules::replace(&mut transaction, event.repository.id, &default.schedules).await?;
    }
    let mut n_runs = 0;
    for request in &selected.runs {
        let created = runs::create(&mut transaction, &app.config, request).await?;
        n_runs += usize::from(created.is_some());
    }
    for skipped in &selected.filtered {
        reporting::want_skipped(&mut transaction, skipped).await?;
    }
    let outcome = Outcome::Processed(summary(n_runs, &selected.skipped));
    deliveries::finish(&mut transaction, delivery, &outcome).await?;
    transaction.commit().await.context("committing a delivery")?;
    app.wakeups.wake(Topic::Runs);
    app.wakeups.wake(Topic::Events);
    app.wakeups.wake(Topic::Outbox);
    Ok(())
}

async fn ignore(app: &App, delivery: &Delivery, reason: String) -> anyhow::Result<()> {
    tracing::info!(reason, "delivery ignored");
    let mut connection = app.db.acquire().await?;
    deliveries::finish(&mut connection, delivery, &Outcome::Ignored(reason)).await?;
    Ok(())
}

fn summary(n_runs: usize, skipped: &[String]) -> String {
    let started = match n_runs {
        0 => "started no run".to_owned(),
        1 => "started 1 run".to_owned(),
        n => format!("started {n} runs"),
    };
    if skipped.is_empty() {
        return started;
    }
    format!("{started}; not started: {}", skipped.join("; "))
}
