//! The one place that reads and writes `workflow_runs.plan`.
//!
//! Invariant: a plan of a newer format is refused, never misread.

use anyhow::{Context as _, bail};
use gantry_protocol::RunId;
use gantry_workflow::plan::{PLAN_FORMAT, RunPlan};
use serde::Deserialize;
use sqlx::PgConnection;

#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// The plan of a run that has one, with what its present attempt changes in it.
pub(super) async fn read(db: &mut PgConnection, run: RunId) -> anyhow::Result<RunPlan> {
    let row = sqlx::query!(
        r#"select plan::text, run_attempt, coalesce(triggering_actor, actor) as "actor!"
         from workflow_runs
         where id = $1"#,
        run.0,
    )
    .fetch_one(db)
    .await?;
    let text = row.plan.with_context(|| format!("run {run} has no plan"))?;
    let Format { format } =
        serde_json::from_str(&text).with_context(|| format!("the plan of run {run}"))?;
    if format > PLAN_FORMAT {
        bail!("the plan of run {run} was written by a newer version of this program");
    }
    let mut plan: RunPlan =
        serde_json::from_str(&text).with_context(|| format!("the plan of run {run}"))?;
    plan.contexts.of_attempt(u32::try_from(row.run_attempt)?, &row.actor);
    Ok(plan)
}

pub(super) async fn write(db: &mut PgConnection, run: RunId, plan: &RunPlan) -> anyhow::Result<()> {
    // As text: sqlx sends JSON as `jsonb`, which sorts keys and refuses `\u0000`.
    let text = serde_json::to_string(plan).with_context(|| format!("the plan of run {run}"))?;
    sqlx::query!(
        "update workflow_runs
         set plan = $2::text::json
         where id = $1",
        run.0,
        text,
    )
    .execute(db)
    .await
    .with_context(|| format!("storing the plan of run {run}"))?;
    Ok(())
}
