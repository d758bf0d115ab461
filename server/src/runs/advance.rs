//! Moves runs forward: load, ask `workflow::advance`, write, wake.
//!
//! A crash at any point leaves the marks of unseen news in place, and the next pass decides the
//! same.

use anyhow::Context as _;
use chrono::Utc;
use gantry_protocol::{RepositoryId, RunId};
use gantry_workflow::advance::advance;
use sqlx::{Connection as _, PgConnection};

use super::apply::{Effects, Target, apply};
use super::{queries, state, stored_plan};
use crate::background::{Topic, catch_panic};
use crate::{App, environments, jobs};

/// Advances the runs about which there are news.
pub async fn advance_runs(app: &App) -> anyhow::Result<u64> {
    let mut connection = app.db.acquire().await?;
    let runs = queries::wanted(&mut connection).await?;
    drop(connection);
    advance_each(app, &runs).await
}

/// Advances every open run, whatever the marks say.
pub async fn sweep_runs(app: &App) -> anyhow::Result<u64> {
    let mut connection = app.db.acquire().await?;
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

/// A run that fails does not stop the others; its news stay unseen.
async fn advance_each(app: &App, runs: &[RunId]) -> anyhow::Result<u64> {
    let mut n_changed = 0;
    let mut first_error = None;
    for run in runs {
        match catch_panic(advance_run(app, *run)).await {
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
    let state = state::load(db, &open).await?;
    let transitions = advance(&plan, &state, Utc::now());
    let target = Target { config: &app.config, repository: open.repository, attempt: open.attempt };
    let effects = apply(db, target, &transitions).await?;
    let status = jobs::status_of_run(db, open.attempt).await?;
    queries::set_status(db, run, status).await?;
    Ok(Some(effects))
}
