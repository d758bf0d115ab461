//! Where a run and its legs stand with their concurrency groups, as `advance` and people read it.
//!
//! Never writes slots.

use gantry_workflow::advance::{LegKey, RunState, SlotState};
use gantry_workflow::model::JobId;
use sqlx::PgConnection;

use crate::jobs::{self, Attempt};

/// The slots of one attempt.
#[derive(Debug, Default)]
pub(super) struct Slots(Vec<Slot>);

#[derive(Debug)]
struct Slot {
    /// `None` for the run as a whole.
    leg: Option<LegKey>,
    state: SlotState,
    group: String,
    /// Who holds the group, where the slot waits.
    holder: Option<Holder>,
}

#[derive(Debug)]
struct Holder {
    run_number: i64,
    /// Where it is another workflow than that of the one who waits.
    workflow: Option<String>,
}

/// The newest change of the run's slots. Read it before the slots themselves: what comes later is
/// seen again.
pub(super) async fn newest_revision(db: &mut PgConnection, attempt: Attempt) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select coalesce(max(revision), 0) as "revision!"
         from concurrency_slots
         where run_id = $1 and run_attempt = $2"#,
        attempt.run.0,
        attempt.number,
    )
    .fetch_one(db)
    .await
}

pub(super) async fn of_attempt(db: &mut PgConnection, attempt: Attempt) -> anyhow::Result<Slots> {
    let rows = sqlx::query!(
        r#"select slots.job_key, slots.leg, slots.state, slots.reason, slots.group_name,
             holding_run.run_number as "holder_number?",
             case when holding_run.workflow_id <> own_run.workflow_id then workflows.name end
                 as "holder_workflow?"
         from concurrency_slots as slots
         join workflow_runs as own_run on own_run.id = slots.run_id
         left join concurrency_slots as held
             on slots.state = 'pending'
             and held.repository_id = slots.repository_id
             and held.group_key = slots.group_key
             and held.state = 'held'
         left join workflow_runs as holding_run on holding_run.id = held.run_id
         left join workflows on workflows.id = holding_run.workflow_id
         where slots.run_id = $1 and slots.run_attempt = $2"#,
        attempt.run.0,
        attempt.number,
    )
    .fetch_all(db)
    .await?;
    let mut slots = Vec::new();
    for row in rows {
        let leg = LegKey { job: JobId(row.job_key), leg: u32::try_from(row.leg)? };
        let workflow = row.holder_workflow;
        slots.push(Slot {
            leg: Some(leg).filter(|leg| !leg.job.as_str().is_empty()),
            state: state(&row.state, row.reason),
            group: row.group_name,
            holder: row.holder_number.map(|run_number| Holder { run_number, workflow }),
        });
    }
    Ok(Slots(slots))
}

fn state(word: &str, reason: Option<String>) -> SlotState {
    match (word, reason) {
        ("held", None) => SlotState::Held,
        ("held", Some(reason)) => SlotState::Evicted(reason),
        ("displaced", reason) => SlotState::Refused(reason.unwrap_or_default()),
        _ => SlotState::Pending,
    }
}

impl Slots {
    /// Fills in what the state of the run does not know by its own rows.
    pub(super) fn fill_in(&self, run: &mut RunState) {
        for slot in &self.0 {
            match &slot.leg {
                None => run.slot = slot.state.clone(),
                Some(key) => {
                    if let Some(leg) = run.leg_mut(key) {
                        leg.slot = slot.state.clone();
                    }
                }
            }
        }
    }

    /// Why the run as a whole waits, in words.
    pub(super) fn why_run_waits(&self) -> Option<String> {
        self.0.iter().find(|slot| slot.leg.is_none()).and_then(Slot::why_it_waits)
    }

    /// Writes down why legs wait.
    pub(super) async fn explain_legs(
        &self,
        db: &mut PgConnection,
        attempt: Attempt,
    ) -> sqlx::Result<()> {
        for slot in &self.0 {
            if let (Some(leg), Some(reason)) = (&slot.leg, slot.why_it_waits()) {
                jobs::explain_pending(db, attempt, leg, &reason).await?;
            }
        }
        Ok(())
    }
}

impl Slot {
    fn why_it_waits(&self) -> Option<String> {
        if self.state != SlotState::Pending {
            return None;
        }
        let group = &self.group;
        Some(match &self.holder {
            None => format!("waits for concurrency group `{group}`"),
            Some(Holder { run_number, workflow: None }) => {
                format!("waits for concurrency group `{group}`, held by run #{run_number}")
            }
            Some(Holder { run_number, workflow: Some(name) }) => {
                format!(
                    "waits for concurrency group `{group}`, held by run #{run_number} of `{name}`"
                )
            }
        })
    }
}
