//! The loop over all jobs until nothing more has to happen.
//!
//! Decides nothing about one job itself: see its neighbours. Invariant: the state it works on is
//! what the caller's state will be once all transitions are applied.

use chrono::{DateTime, Utc};

use super::calls;
use super::cancel;
use super::condition::{self, Decision};
use super::expand;
use super::legs;
use super::needs::contexts_of;
use super::scope::Scope;
use super::state::{Conclusion, JobState, LegKey, RunState, SlotState};
use super::timers;
use super::transition::Transition;
use crate::model::Job;
use crate::plan::RunPlan;

/// Everything that must happen now, in the order in which it must be applied. Empty: nothing to do.
///
/// `state` is a run without a conclusion: for a run that is over, the answer is its
/// [`Transition::ConcludeRun`] again. When to ask again although nothing happens says
/// [`super::next_look`].
#[must_use]
pub fn advance(plan: &RunPlan, state: &RunState, now: DateTime<Utc>) -> Vec<Transition> {
    let mut machine = Machine { plan, now, state: state.clone(), transitions: Vec::new() };
    machine.look_at_run();
    if !machine.waits_for_its_group() {
        while machine.pass() {}
    }
    if let Some(conclusion) = run_conclusion(&Scope::of_run(plan, &machine.state)) {
        machine.transitions.push(Transition::ConcludeRun { conclusion });
    }
    machine.transitions
}

struct Machine<'a> {
    plan: &'a RunPlan,
    now: DateTime<Utc>,
    state: RunState,
    transitions: Vec<Transition>,
}

impl Machine<'_> {
    /// What cancels the run as a whole: its time, or another run of its group.
    fn look_at_run(&mut self) {
        let by_time = timers::expire_run(&self.state, self.now);
        if let Some(transition) = by_time.or_else(|| cancel::give_way(&self.state)) {
            self.apply(transition);
        }
    }

    /// A leg that ends before it enters its call takes with it what is there of the call.
    fn apply(&mut self, transition: Transition) {
        self.state.apply(&transition);
        let mut with_it = Vec::new();
        if let Transition::Conclude { leg, reason, .. } = &transition
            && let Some(called) = self.scope(Some(leg))
        {
            with_it = calls::never_entered(&called, reason);
        }
        self.transitions.push(transition);
        for transition in with_it {
            self.apply(transition);
        }
    }

    /// A run that waits for its group only moves when it is cancelled.
    fn waits_for_its_group(&self) -> bool {
        self.state.slot == SlotState::Pending && !self.state.cancel_requested
    }

    /// Looks at each job once; whether anything happened. Each transition moves a job or a leg
    /// forward and none moves back, so that the passes end.
    fn pass(&mut self) -> bool {
        let before = self.transitions.len();
        self.pass_through(None);
        self.transitions.len() > before
    }

    /// Looks at the jobs of the run's own file, or at those that a leg calls, and then at what they
    /// call.
    fn pass_through(&mut self, leg: Option<&LegKey>) {
        let n_jobs = self.scope(leg).map_or(0, |scope| scope.workflow.jobs.len());
        for index in 0..n_jobs {
            let Some(scope) = self.scope(leg) else { return };
            let Some(job) = scope.workflow.jobs.get(index) else { return };
            let key = scope.key(&job.id);
            for transition in look_at(&scope, job, self.now) {
                self.apply(transition);
            }
            for entered in calls::entered(&key, self.state.jobs.get(&key)) {
                self.pass_through(Some(&entered));
            }
        }
    }

    fn scope(&self, leg: Option<&LegKey>) -> Option<Scope<'_>> {
        match leg {
            None => Some(Scope::of_run(self.plan, &self.state)),
            Some(leg) => Scope::of_leg(self.plan, &self.state, leg),
        }
    }
}

fn look_at(scope: &Scope<'_>, job: &Job, now: DateTime<Utc>) -> Vec<Transition> {
    match scope.job_state(&job.id) {
        Some(JobState::Ended(_)) => Vec::new(),
        Some(JobState::Expanded { .. }) => legs::look_at(scope, job, now),
        Some(JobState::Blocked) | None => unblock(scope, job).into_iter().collect(),
    }
}

/// What becomes of a job that has not started, once all its needs have ended.
fn unblock(scope: &Scope<'_>, job: &Job) -> Option<Transition> {
    if let Some(reason) = scope.cancelled().filter(|_| cancel::spares_nothing(scope.state)) {
        return Some(end(scope, job, (Conclusion::Cancelled, reason)));
    }
    if job.needs.iter().any(|need| scope.result(need).is_none()) {
        return None;
    }
    let ended = match condition::decide(scope, job) {
        Decision::Run => match expand::expand(scope, job, &contexts_of(scope, job)) {
            Ok(expansion) => return Some(expansion.into_transition(scope.key(&job.id))),
            Err(reason) => (Conclusion::Failure, reason),
        },
        Decision::Skip(reason) => (Conclusion::Skipped, reason),
        Decision::Cancel(reason) => (Conclusion::Cancelled, reason),
        Decision::Fail(reason) => (Conclusion::Failure, reason),
    };
    let (conclusion, reason) = ended;
    Some(end(scope, job, (conclusion, &reason)))
}

/// The job ends without legs.
pub(super) fn end(
    scope: &Scope<'_>,
    job: &Job,
    (conclusion, reason): (Conclusion, &str),
) -> Transition {
    let name = expand::unexpanded_name(scope, job, &contexts_of(scope, job));
    Transition::End { job: scope.key(&job.id), name, conclusion, reason: reason.to_owned() }
}

/// The conclusion of a run whose jobs have all ended (`semantics` 4.3).
fn run_conclusion(scope: &Scope<'_>) -> Option<Conclusion> {
    let jobs = scope.workflow.jobs.iter();
    let results = jobs.map(|job| scope.result(&job.id)).collect::<Option<Vec<_>>>()?;
    Some(worst_of(&results))
}

/// Failure before cancelled before success; skipped only if all are.
pub(super) fn worst_of(results: &[Conclusion]) -> Conclusion {
    if results.contains(&Conclusion::Failure) {
        Conclusion::Failure
    } else if results.contains(&Conclusion::Cancelled) {
        Conclusion::Cancelled
    } else if !results.is_empty() && results.iter().all(|r| *r == Conclusion::Skipped) {
        Conclusion::Skipped
    } else {
        Conclusion::Success
    }
}
