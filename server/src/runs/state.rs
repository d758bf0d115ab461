//! A run as `advance` reads it.

use gantry_workflow::advance::{JobState, Limits, RunState, SlotState};
use sqlx::PgConnection;

use super::queries::OpenRun;
use super::slot_states::{self, Slots};
use crate::{environments, jobs};

/// Loads and locks everything that `advance` reads besides the plan.
pub(super) async fn load(
    db: &mut PgConnection,
    run: &OpenRun,
    limits: Limits,
) -> anyhow::Result<(RunState, Slots)> {
    let attempt = run.attempt;
    jobs::lock(db, attempt).await?;
    let mut jobs = jobs::legs(db, attempt).await?;
    let reviews = environments::reviews(db, attempt.run, attempt.number, &run.head_sha).await?;
    for state in jobs.values_mut() {
        let JobState::Expanded { legs, .. } = state else { continue };
        for leg in legs {
            let environment = leg.environment.as_ref().map(|name| name.to_lowercase());
            leg.review = environment.and_then(|name| reviews.get(&name).copied());
        }
    }
    let mut state = RunState {
        cancel_requested: run.is_cancelled,
        cancel_reason: run.cancel_reason.clone(),
        cancel_forced: run.cancel_forced,
        slot: SlotState::Unclaimed,
        started_at: Some(run.run_started_at),
        limits,
        jobs,
        protections: environments::protections(db, run.repository).await?,
    };
    let slots = slot_states::of_attempt(db, attempt).await?;
    slots.fill_in(&mut state);
    Ok((state, slots))
}
