//! Transitions to rows, and who has to hear of them.

use gantry_protocol::{JobId, RepositoryId};
use gantry_workflow::advance::Transition;
use sqlx::PgConnection;

use super::queries;
use super::slots::{self, Claimant};
use crate::background::{Topic, Wakeups};
use crate::config::Config;
use crate::jobs::{self, Attempt, Ended, Expansion, Left};
use crate::{environments, reporting};

/// What a committed advance has to wake.
#[derive(Debug, Default)]
pub(super) struct Effects {
    pub(super) n_transitions: usize,
    /// Slots were asked for: the answer may let the run go on at once.
    pub(super) has_claimed: bool,
    is_cancelling: bool,
    frees_slots: bool,
}

impl Effects {
    /// Those of two rounds of one advance.
    pub(super) fn and(self, later: &Self) -> Self {
        Self {
            n_transitions: self.n_transitions + later.n_transitions,
            has_claimed: self.has_claimed || later.has_claimed,
            is_cancelling: self.is_cancelling || later.is_cancelling,
            frees_slots: self.frees_slots || later.frees_slots,
        }
    }

    fn note(&mut self, transition: &Transition) {
        self.n_transitions += 1;
        self.has_claimed |= matches!(transition, Transition::Claim { .. });
        self.is_cancelling |=
            matches!(transition, Transition::RequestCancel { .. } | Transition::Abandon { .. });
    }

    pub(super) fn wake(&self, wakeups: &Wakeups) {
        // The rows of the run were locked, and a claim skips locked rows: it looks again, also when
        // nothing new was queued.
        wakeups.wake(Topic::Queue);
        if self.n_transitions > 0 {
            wakeups.wake(Topic::Events);
            wakeups.wake(Topic::Outbox);
        }
        if self.is_cancelling {
            wakeups.wake(Topic::Cancellations);
            wakeups.wake(Topic::Archive);
        }
        if self.frees_slots || self.has_claimed {
            // Other runs of the group may go on, or have to go.
            wakeups.wake(Topic::Runs);
        }
    }
}

/// Where transitions are applied.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) config: &'a Config,
    pub(super) repository: RepositoryId,
    pub(super) attempt: Attempt,
}

/// Writes the transitions in their order.
pub(super) async fn apply(
    db: &mut PgConnection,
    target: Target<'_>,
    transitions: &[Transition],
) -> anyhow::Result<Effects> {
    let mut effects = Effects::default();
    for transition in transitions {
        if let Some(job) = write(db, target, transition).await? {
            reporting::want_report(db, target.config, job).await?;
        }
        effects.note(transition);
    }
    let freed = slots::release_ended(db, (target.repository, target.attempt.run)).await?;
    effects.frees_slots = freed > 0;
    Ok(effects)
}

async fn write(
    db: &mut PgConnection,
    target: Target<'_>,
    transition: &Transition,
) -> anyhow::Result<Option<JobId>> {
    let attempt = target.attempt;
    let changed = match transition {
        Transition::Expand { job, legs, fail_fast, max_parallel } => {
            let (fail_fast, max_parallel) = (*fail_fast, *max_parallel);
            let expansion = Expansion { job, legs, fail_fast, max_parallel };
            jobs::expand(db, attempt, &expansion).await?;
            let environments: Vec<String> =
                legs.iter().filter_map(|leg| leg.environment.clone()).collect();
            environments::ensure(db, target.repository, &environments).await?;
            return Ok(None);
        }
        Transition::End { job, name, conclusion, reason } => {
            let ended = Ended { name, conclusion: *conclusion, reason };
            jobs::end(db, attempt, job, &ended).await?
        }
        Transition::Wait { leg, reason, .. } => jobs::wait(db, attempt, leg, reason).await?,
        Transition::Claim { leg, slot } => {
            let claimant = Claimant { repository: target.repository, attempt, leg: Some(leg) };
            slots::claim(db, claimant, slot).await?;
            return Ok(None);
        }
        Transition::Queue { leg } => jobs::queue(db, attempt, leg).await?,
        Transition::Enter { leg, jobs } => {
            jobs::enter(db, attempt, leg, jobs).await?;
            return Ok(None);
        }
        Transition::Leave { leg, conclusion, outputs, reason } => {
            let reason = reason.as_deref();
            let left = Left { conclusion: *conclusion, outputs, reason };
            jobs::leave(db, attempt, leg, &left).await?;
            return Ok(None);
        }
        Transition::Conclude { leg, conclusion, reason } => {
            jobs::conclude(db, attempt, leg, (*conclusion, reason)).await?
        }
        Transition::RequestCancel { leg, reason, timed_out } => {
            return Ok(jobs::request_cancel(db, attempt, leg, (reason, *timed_out)).await?);
        }
        Transition::Abandon { leg, conclusion, reason } => {
            jobs::abandon(db, attempt, leg, (*conclusion, reason)).await?
        }
        Transition::CancelRun { reason, is_forced } => {
            queries::request_cancel(db, attempt.run, (reason, *is_forced)).await?;
            return Ok(None);
        }
        Transition::ConcludeRun { conclusion } => {
            queries::conclude(db, attempt.run, *conclusion).await?;
            return Ok(None);
        }
    };
    Ok(Some(changed))
}
