//! Legs of calling jobs: their rows hold called jobs together, and are not shown while they do.
//!
//! Decides nothing; follows `RunState::apply`. Invariant: a leg that has entered what it calls is
//! never leased.

use std::collections::BTreeMap;

use gantry_workflow::advance::{Conclusion, LegKey, NewJob};
use sqlx::PgConnection;
use sqlx::types::Json;

use super::transitions::leg_number;
use super::{Attempt, create};
use crate::db::clean;

/// Longest reason and longest output kept, in bytes.
const MAX_TEXT_BYTES: usize = 1024 * 1024;

/// The leg's called jobs come up.
pub async fn enter(
    db: &mut PgConnection,
    attempt: Attempt,
    leg: &LegKey,
    jobs: &[NewJob],
) -> sqlx::Result<()> {
    sqlx::query!(
        "update jobs
         set status = 'called', called_at = clock_timestamp(), updated_at = clock_timestamp()
         where run_id = $1 and run_attempt = $2 and job_key = $3 and leg = $4
             and status in ('pending', 'waiting')
         returning id",
        attempt.run.0,
        attempt.number,
        leg.job.0,
        leg_number(leg),
    )
    .fetch_one(&mut *db)
    .await?;
    create(db, attempt, jobs).await
}

/// How a calling leg ended.
#[derive(Debug)]
pub struct Left<'a> {
    pub conclusion: Conclusion,
    pub outputs: &'a BTreeMap<String, String>,
    pub reason: Option<&'a str>,
}

/// The leg's called jobs have all ended, and it with them. A leg that failed by itself is shown
/// again, because nothing else would say why.
pub async fn leave(
    db: &mut PgConnection,
    attempt: Attempt,
    leg: &LegKey,
    left: &Left<'_>,
) -> sqlx::Result<()> {
    let outputs: BTreeMap<String, String> = left
        .outputs
        .iter()
        .map(|(name, value)| (clean(name, MAX_TEXT_BYTES), clean(value, MAX_TEXT_BYTES)))
        .collect();
    sqlx::query!(
        "update jobs
         set status = 'completed', conclusion = $5, outputs = $6, reason = $7,
             called_at = case when $7::text is null then called_at end,
             completed_order = nextval('job_completions'), completed_at = clock_timestamp(),
             updated_at = clock_timestamp()
         where run_id = $1 and run_attempt = $2 and job_key = $3 and leg = $4
             and status = 'called'
         returning id",
        attempt.run.0,
        attempt.number,
        leg.job.0,
        leg_number(leg),
        left.conclusion.as_str(),
        Json(&outputs) as _,
        left.reason.map(|reason| clean(reason, MAX_TEXT_BYTES)),
    )
    .fetch_one(db)
    .await?;
    Ok(())
}
