//! Moves runs forward: load, ask `workflow::advance`, write, wake.
//!
//! A crash at any point leaves the marks of unseen news in place, and the next pass decides the
//! same.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use futures_util::{StreamExt as _, stream};
use gantry_protocol::{RepositoryId, RunId};
use gantry_workflow::advance::{advance, next_look as next_look_of};
use gantry_workflow::plan::RunPlan;
use sqlx::{Connection as _, PgConnection};

use super::apply::{Effects, Target, apply};
use super::queries::{OpenRun, Standing};
use super::{queries, slot_states, slots, state, stored_plan};
use crate::background::{Topic, catch_panic};
use crate::{App, environments, jobs};

/// Runs that are advanced at once, so that one that waits for a lock does not hold up the others.
const N_AT_ONCE: usize = 4;

/// Advances the runs about which there are news.
pub async fn advance_runs(app: &App) -> anyhow::Result<u64> {
    let mut connection = app.db.acquire().await?;
    let runs = queries::wanted(&mut connection).await?;
    drop(connection);
    advance_each(app, &runs).await
}

/// When the next run has to be looked at although nothing happens.
pub async fn next_look(app: &App) -> anyhow::Result<Option<DateTime<Utc>>> {
    let mut connection = app.db.acquire().await?;
    Ok(queries::next_look(&mut connection).await?)
}

/// Advances every open run, whatever the marks say, and frees slots that nobody needs.
pub async fn sweep_runs(app: &App) -> anyhow::Result<u64> {
    let mut connection = app.db.acquire().await?;
    for run in slots::left_over(&mut connection).await? {
        let mut transaction = connection.begin().await?;
        slots::release_ended(&mut transaction, run).await?;
        transaction.commit().await?;
    }
    let runs = queries::open(&mut connection).await?;
    drop(connection);
    advance_each(app, &runs).await
}

/// Has every open run of a repository looked at again: a rule that they are under has changed.
pub async fn reconsider(app: &App, repository: RepositoryId) -> sqlx::Result<()> {
    let mut connection = app.db.acquire().await?;
    queries::want_advance(&mut connection, repository).await?;
    app.wakeups.wake(Topic::Runs);
    Ok(())
}

/// A run that fails does not stop the others; its news stay unseen. No run is advanced twice at once:
/// its row is locked.
async fn advance_each(app: &App, runs: &[RunId]) -> anyhow::Result<u64> {
    let mut n_changed = 0;
    let mut first_error = None;
    let advance = |run: RunId| async move { (run, catch_panic(advance_run(app, run)).await) };
    let mut advances = stream::iter(runs.iter().copied().map(advance)).buffer_unordered(N_AT_ONCE);
    while let Some((run, outcome)) = advances.next().await {
        match outcome {
            Ok(is_changed) => n_changed += u64::from(is_changed),
            Err(error) => {
                let error = error.context(format!("advancing run {run}"));
                tracing::error!(run.id = run.0, "{error:#}");
                first_error.get_or_insert(error);
            }
        }
    }
    match first_error {
        Some(error) => Err(error),
        None => Ok(n_changed),
    }
}

/// Advances one run; whether anything changed.
pub async fn advance_run(app: &App, run: RunId) -> anyhow::Result<bool> {
    let mut connection = app.db.acquire().await?;
    let mut transaction = connection.begin().await?;
    let Some(effects) = advance_locked(&mut transaction, app, run).await? else {
        return Ok(false);
    };
    transaction.commit().await.context("committing transitions")?;
    effects.wake(&app.wakeups);
    Ok(effects.n_transitions > 0)
}

async fn advance_locked(
    db: &mut PgConnection,
    app: &App,
    run: RunId,
) -> anyhow::Result<Option<Effects>> {
    let Some(open) = queries::lock_open(db, run).await? else { return Ok(None) };
    // The marks are cleared before the state is read: news that come later are marked again.
    jobs::take_news(db, run).await?;
    environments::take_unseen_reviews(db, run).await?;
    let plan = stored_plan::read(db, run).await?;
    let mut effects = Effects::default();
    loop {
        let round = decide(db, app, (&plan, &open)).await?;
        let has_claimed = round.has_claimed;
        effects = effects.and(&round);
        // A slot that was granted lets the run go on.
        if !has_claimed {
            return Ok(Some(effects));
        }
    }
}

/// One look at the run: what `advance` wants now, and how the run stands after it.
async fn decide(
    db: &mut PgConnection,
    app: &App,
    (plan, open): (&RunPlan, &OpenRun),
) -> anyhow::Result<Effects> {
    let now = Utc::now();
    let attempt = open.attempt;
    let slots_seen = slot_states::newest_revision(db, attempt).await?;
    let (mut state, slots) = state::load(db, open, app.config.limits).await?;
    let transitions = advance(plan, &state, now);
    for transition in &transitions {
        state.apply(transition);
    }
    slots.explain_legs(db, attempt).await?;
    let target = Target { config: &app.config, repository: open.repository, attempt };
    let effects = apply(db, target, &transitions).await?;
    let reason = slots.why_run_waits();
    let status = match &reason {
        Some(_) => "pending",
        None => jobs::status_of_run(db, attempt).await?,
    };
    let next_look_at = next_look_of(&state, now);
    let standing = Standing { status, reason, next_look_at, slots_seen };
    queries::set_standing(db, attempt.run, &standing).await?;
    Ok(effects)
}
