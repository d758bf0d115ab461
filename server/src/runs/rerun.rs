//! A run is asked to run again: a further attempt of the same plan.
//!
//! What runs again decides `workflow::advance::rerun`. Invariant: the rows of an attempt that has
//! ended never change; what a job keeps is a row of the new attempt.

use chrono::{DateTime, TimeDelta, Utc};
use gantry_protocol::{JobId, RunId};
use gantry_workflow::advance::{Fate, LegKey, NewJob, Rerun, RunState, rerun as fates_of};
use gantry_workflow::model;
use gantry_workflow::plan::RunPlan;
use sqlx::{Connection as _, PgConnection};

use super::attempts::{self, Rerunnable};
use super::slots::{self, Claimant};
use super::stored_plan;
use crate::App;
use crate::background::Topic;
use crate::jobs::{self, Attempt};

/// A run can be run again for this long after it was created, as on GitHub.
const WINDOW: TimeDelta = TimeDelta::days(30);

/// A run can be run again this often, as on GitHub.
const MAX_RERUNS: i32 = 50;

/// A wish to run a run again.
#[derive(Clone, Debug)]
pub struct RerunRequest {
    pub run: RunId,
    pub what: RerunWhat,
    /// Login of who asks; the caller has checked that they may.
    pub actor: String,
    /// The attempt runs with `ACTIONS_STEP_DEBUG` and `ACTIONS_RUNNER_DEBUG`.
    pub debug_logging: bool,
}

/// What runs again; everything that depends on it does as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RerunWhat {
    All,
    Failed,
    Job(JobId),
}

/// Why a run does not run again. GitHub answers 403 for all but the first.
#[derive(Debug, thiserror::Error)]
pub enum RerunError {
    #[error("there is no such run or job")]
    NotFound,
    #[error("This workflow is already running")]
    Running,
    #[error("This workflow run waits for an approval")]
    Held,
    #[error("Only jobs of the newest attempt can be run again")]
    JobOfEarlierAttempt,
    #[error("Unable to retry this workflow run because it was created over a month ago")]
    TooOld,
    #[error("Unable to retry this workflow run because it has been re-run {MAX_RERUNS} times")]
    TooOften,
    #[error("This workflow run cannot be retried: it could not be started, so there is no plan")]
    NotStarted,
    #[error("This workflow run has no failed jobs")]
    NothingFailed,
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl From<sqlx::Error> for RerunError {
    fn from(error: sqlx::Error) -> Self {
        Self::Other(error.into())
    }
}

/// Begins a further attempt and gives its number.
pub async fn rerun(app: &App, request: &RerunRequest) -> Result<i32, RerunError> {
    let mut connection = app.db.acquire().await?;
    let mut transaction = connection.begin().await?;
    let run = attempts::lock(&mut transaction, request.run).await?.ok_or(RerunError::NotFound)?;
    check(&run, Utc::now())?;
    let plan = stored_plan::read(&mut transaction, request.run).await?;
    let fates = fates(&mut transaction, &run, (&plan, request)).await?;
    let attempt = Attempt { run: request.run, number: run.attempt.number + 1 };
    attempts::begin(&mut transaction, &run, request).await?;
    jobs::repeat(&mut transaction, run.attempt, &fates).await?;
    if let Some(slot) = &plan.concurrency {
        let claimant = Claimant { repository: run.repository, attempt, leg: None };
        slots::claim(&mut transaction, claimant, slot).await?;
    }
    transaction.commit().await?;
    tracing::info!(run.id = request.run.0, run.attempt = attempt.number, "run again");
    for topic in [Topic::Runs, Topic::Events] {
        app.wakeups.wake(topic);
    }
    Ok(attempt.number)
}

fn check(run: &Rerunnable, now: DateTime<Utc>) -> Result<(), RerunError> {
    if run.status != "completed" {
        return Err(RerunError::Running);
    }
    if run.is_held {
        return Err(RerunError::Held);
    }
    if !run.has_plan {
        return Err(RerunError::NotStarted);
    }
    if run.created_at + WINDOW < now {
        return Err(RerunError::TooOld);
    }
    if run.attempt.number > MAX_RERUNS {
        return Err(RerunError::TooOften);
    }
    Ok(())
}

async fn fates(
    db: &mut PgConnection,
    run: &Rerunnable,
    (plan, request): (&RunPlan, &RerunRequest),
) -> Result<Vec<(NewJob, Fate)>, RerunError> {
    let wanted = match request.what {
        RerunWhat::All => Rerun::All,
        RerunWhat::Failed => Rerun::Failed,
        RerunWhat::Job(job) => Rerun::Leg(leg_of(db, run, job).await?),
    };
    let ended = RunState { jobs: jobs::legs(db, run.attempt).await?, ..RunState::default() };
    let fates = fates_of(plan, &ended, &wanted);
    if fates.iter().all(|(_, fate)| *fate == Fate::Keep) {
        return Err(RerunError::NothingFailed);
    }
    Ok(fates)
}

async fn leg_of(db: &mut PgConnection, run: &Rerunnable, job: JobId) -> Result<LegKey, RerunError> {
    let job = jobs::view::find_job(db, job)
        .await?
        .filter(|job| job.run_id == run.attempt.run)
        .ok_or(RerunError::NotFound)?;
    if job.run_attempt != run.attempt.number {
        return Err(RerunError::JobOfEarlierAttempt);
    }
    let leg = u32::try_from(job.leg).map_err(anyhow::Error::from)?;
    Ok(LegKey { job: model::JobId(job.job_key), leg })
}
