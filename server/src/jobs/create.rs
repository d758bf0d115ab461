//! The rows of jobs that have come up: those of a new run, and those that a leg calls.

use gantry_workflow::advance::NewJob;
use sqlx::PgConnection;

use super::Attempt;
use crate::db::clean;

/// Longest name kept, in bytes.
const MAX_NAME_BYTES: usize = 4096;

/// Inserts one blocked row per job, and the edges between them. Until a job's needs are known its
/// name cannot be evaluated; a literal one is shown at once.
pub async fn create(db: &mut PgConnection, attempt: Attempt, jobs: &[NewJob]) -> sqlx::Result<()> {
    let keys: Vec<String> = jobs.iter().map(|job| job.key.0.clone()).collect();
    let names: Vec<String> = jobs.iter().map(|job| clean(&job.name, MAX_NAME_BYTES)).collect();
    sqlx::query!(
        "insert into jobs (run_id, run_attempt, job_key, name, status)
         select $1, $2, job_key, name, 'blocked'
         from unnest($3::text[], $4::text[]) with ordinality as rows (job_key, name, position)
         order by position",
        attempt.run.0,
        attempt.number,
        &keys,
        &names,
    )
    .execute(&mut *db)
    .await?;
    let edges = || jobs.iter().flat_map(|job| job.needs.iter().map(move |need| (job, need)));
    let from: Vec<String> = edges().map(|(job, _)| job.key.0.clone()).collect();
    let to: Vec<String> = edges().map(|(_, need)| need.0.clone()).collect();
    sqlx::query!(
        "insert into job_needs (run_id, job_key, needs_key)
         select $1, job_key, needs_key
         from unnest($2::text[], $3::text[]) as edges (job_key, needs_key)
         on conflict do nothing",
        attempt.run.0,
        &from,
        &to,
    )
    .execute(db)
    .await?;
    Ok(())
}
