//! What happens by itself when time passes (`semantics` 4.5).
//!
//! Waits for nothing: the caller brings the time, and asks when to look again. Invariant: a rule and
//! the time of the next look come from the same deadline, so none is looked at too late.

use chrono::{DateTime, TimeDelta, Utc};

use super::gate;
use super::state::{Conclusion, JobState, LegKey, LegState, LegStatus, RunState};
use super::transition::Transition;

/// Minutes that a runner has for killing and cleaning up, after `cancel-timeout-minutes`.
const CLEAN_UP_MINUTES: u32 = 5;

/// How long a run and its jobs may wait; GitHub's limits by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A queued job waits this long for a runner, and is then cancelled.
    pub queue: TimeDelta,
    /// A deployment waits this long for a review, and then fails.
    pub review: TimeDelta,
    /// A run takes at most this long, whatever it waits for, and is then cancelled by force.
    pub run: TimeDelta,
}

impl Default for Limits {
    fn default() -> Self {
        Self { queue: TimeDelta::hours(24), review: TimeDelta::days(30), run: TimeDelta::days(35) }
    }
}

/// What the time asks of a leg.
pub(super) fn expire(
    state: &RunState,
    key: LegKey,
    leg: &LegState,
    now: DateTime<Utc>,
) -> Option<Transition> {
    let deadline = deadline(state, leg)?;
    if deadline.at(now) > now {
        return None;
    }
    Some(match deadline.what {
        What::Review => Transition::Conclude {
            leg: key,
            conclusion: Conclusion::Failure,
            reason: format!(
                "the deployment to `{}` was not reviewed within {}",
                leg.environment.as_deref().unwrap_or_default(),
                in_words(state.limits.review)
            ),
        },
        What::Runner => Transition::Conclude {
            leg: key,
            conclusion: Conclusion::Cancelled,
            reason: format!("no runner took the job within {}", in_words(state.limits.queue)),
        },
        What::End => Transition::RequestCancel {
            leg: key,
            reason: format!(
                "the job has exceeded the maximum execution time of {}",
                in_words(minutes(leg.timeout_minutes))
            ),
            timed_out: true,
        },
        What::CancelledEnd => Transition::Abandon {
            leg: key,
            conclusion: abandoned(leg),
            reason: "the runner did not end the cancelled job".to_owned(),
        },
    })
}

/// How a running leg ends that its runner does not end.
pub(super) fn abandoned(leg: &LegState) -> Conclusion {
    if leg.timed_out { Conclusion::TimedOut } else { Conclusion::Cancelled }
}

/// A run that has taken too long is cancelled, also what would go on in a cancelled run.
pub(super) fn expire_run(state: &RunState, now: DateTime<Utc>) -> Option<Transition> {
    if state.cancel_forced || run_deadline(state, now) > now {
        return None;
    }
    let reason = format!(
        "the run has exceeded the maximum execution time of {}",
        in_words(state.limits.run)
    );
    Some(Transition::CancelRun { reason, is_forced: true })
}

/// When `advance` has to look again although nothing happens; `state` is as `advance` left it.
#[must_use]
pub fn next_look(state: &RunState, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let legs = || state.jobs.values().flat_map(legs_of);
    let deadlines = legs().filter_map(|leg| Some(deadline(state, leg)?.at(now)));
    // A queued leg may begin at any time without anybody looking.
    let queued = legs().filter(|leg| leg.status == LegStatus::Queued);
    let ends = queued.map(|leg| now + minutes(leg.timeout_minutes));
    let timers = legs().filter_map(|leg| gate::ends_waiting(state, leg, now));
    let timers = timers.filter(|end| *end > now);
    let run = Some(run_deadline(state, now)).filter(|_| !state.cancel_forced);
    deadlines.chain(ends).chain(timers).chain(run).min()
}

fn legs_of(job: &JobState) -> &[LegState] {
    match job {
        JobState::Expanded { legs, .. } => legs,
        JobState::Blocked | JobState::Ended(_) => &[],
    }
}

fn run_deadline(state: &RunState, now: DateTime<Utc>) -> DateTime<Utc> {
    state.started_at.unwrap_or(now) + state.limits.run
}

/// Something that must have happened some time after something else.
struct Deadline {
    what: What,
    /// `None`: it happens now.
    since: Option<DateTime<Utc>>,
    within: TimeDelta,
}

impl Deadline {
    fn at(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.since.unwrap_or(now) + self.within
    }
}

enum What {
    Review,
    Runner,
    End,
    CancelledEnd,
}

fn deadline(state: &RunState, leg: &LegState) -> Option<Deadline> {
    let limits = &state.limits;
    let (what, since, within) = match leg.status {
        // Where only the environment's timer holds it back, nobody has to answer.
        LegStatus::Waiting if !gate::awaits_review(state, leg) => return None,
        // What a leg calls has deadlines of its own.
        LegStatus::InProgress if leg.call.is_some() => return None,
        LegStatus::Waiting => (What::Review, leg.since, limits.review),
        LegStatus::Queued => (What::Runner, leg.since, limits.queue),
        LegStatus::InProgress if leg.cancel_requested => (
            What::CancelledEnd,
            leg.cancel_requested_at,
            minutes(leg.cancel_timeout_minutes) + minutes(CLEAN_UP_MINUTES),
        ),
        LegStatus::InProgress => (What::End, leg.since, minutes(leg.timeout_minutes)),
        LegStatus::Pending | LegStatus::Completed(_) => return None,
    };
    Some(Deadline { what, since, within })
}

fn minutes(minutes: u32) -> TimeDelta {
    TimeDelta::minutes(i64::from(minutes))
}

/// `30 days`, `24 hours`, `90 minutes`: in the largest unit that is whole and not one.
fn in_words(time: TimeDelta) -> String {
    let units = [(24 * 60 * 60, "days"), (60 * 60, "hours"), (60, "minutes")];
    let seconds = time.num_seconds();
    units.into_iter().find(|(unit, _)| seconds % unit == 0 && seconds > *unit).map_or_else(
        || format!("{seconds} seconds"),
        |(unit, name)| format!("{} {name}", seconds / unit),
    )
}
