//! A run in memory: applies what `advance` asks for, plays runner and reviewer, and checks the
//! invariants at every step.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use chrono::{DateTime, Utc};
use gantry_workflow::advance::{
    Conclusion, JobState, LegKey, LegState, LegStatus, NewLeg, Protection, Review, RunState, Scope,
    SlotState, Transition, advance, job_result, needs_context, next_look,
};
use gantry_workflow::expr::Value;
use gantry_workflow::model::{JobId, read_workflow};
use gantry_workflow::plan::{RunContexts, RunPlan, plan};
use serde_json::Value as Json;

use crate::groups::Groups;

/// The plan of a workflow with these jobs (text indented by two spaces).
pub(crate) fn plan_of(jobs: &str, contexts: RunContexts) -> RunPlan {
    let text = format!("on: push\njobs:\n{jobs}");
    let (workflow, diagnostics) = read_workflow(".github/workflows/ci.yml", &text);
    let workflow = workflow.unwrap_or_else(|| panic!("{diagnostics:#?}\n{text}"));
    plan(workflow, contexts, "a title").unwrap()
}

pub(crate) struct Run {
    pub(crate) plan: RunPlan,
    pub(crate) state: RunState,
    pub(crate) conclusion: Option<Conclusion>,
    /// By job, or by leg as `job/1`.
    pub(crate) reasons: BTreeMap<String, String>,
    /// Of all legs, and of jobs that ended without any.
    pub(crate) names: Vec<String>,
    pub(crate) legs: BTreeMap<String, NewLeg>,
    completions: u64,
    concluded: BTreeSet<String>,
    /// Shared with other runs of the repository, among which this one is number `id`.
    groups: Rc<RefCell<Groups>>,
    id: usize,
    pub(crate) now: DateTime<Utc>,
}

impl Run {
    pub(crate) fn new(jobs: &str) -> Self {
        Self::with(plan_of(jobs, RunContexts::default()), &[])
    }

    /// A run in which these environments need a review.
    pub(crate) fn protected(jobs: &str, environments: &[&str]) -> Self {
        Self::with(plan_of(jobs, RunContexts::default()), environments)
    }

    pub(crate) fn with(plan: RunPlan, environments: &[&str]) -> Self {
        Self::among(plan, environments, (Rc::default(), 0))
    }

    /// A run whose concurrency groups are shared with others.
    pub(crate) fn among(
        plan: RunPlan,
        environments: &[&str],
        (groups, id): (Rc<RefCell<Groups>>, usize),
    ) -> Self {
        let protections = environments
            .iter()
            .map(|name| {
                let rules = Protection { review_required: true, ..Protection::default() };
                (name.to_lowercase(), rules)
            })
            .collect();
        Self::with_rules(plan, protections, (groups, id))
    }

    /// A run for this ref, in which the environment `prod` has these rules.
    pub(crate) fn under(jobs: &str, git_ref: &str, rules: Protection) -> Self {
        let github = Value::object([("ref".to_owned(), Value::string(git_ref))]);
        let contexts = RunContexts { github, ..RunContexts::default() };
        let protections = BTreeMap::from([("prod".to_owned(), rules)]);
        Self::with_rules(plan_of(jobs, contexts), protections, (Rc::default(), 0))
    }

    fn with_rules(
        plan: RunPlan,
        protections: BTreeMap<String, Protection>,
        (groups, id): (Rc<RefCell<Groups>>, usize),
    ) -> Self {
        let mut run = Self {
            plan,
            state: RunState { protections, ..RunState::default() },
            conclusion: None,
            reasons: BTreeMap::new(),
            names: Vec::new(),
            legs: BTreeMap::new(),
            completions: 0,
            concluded: BTreeSet::new(),
            groups,
            id,
            now: DateTime::UNIX_EPOCH,
        };
        run.state.started_at = Some(run.now);
        if let Some(slot) = &run.plan.concurrency {
            run.groups.borrow_mut().claim((id, None), slot);
        }
        run.settle();
        run
    }

    /// Applies everything that must happen now.
    pub(crate) fn settle(&mut self) {
        self.hear_news();
        self.advance();
        while self.hear_news() {
            self.advance();
        }
    }

    /// What has become of the run's claims on groups; whether there was anything.
    fn hear_news(&mut self) -> bool {
        let mut is_new = false;
        while let Some(((_, leg), slot)) = { self.groups.borrow_mut().take_news(Some(self.id)) } {
            is_new = true;
            match leg {
                None => self.state.slot = slot,
                Some(leg) => self.state.leg_mut(&leg).unwrap().slot = slot,
            }
        }
        is_new && self.conclusion.is_none()
    }

    fn advance(&mut self) {
        assert!(self.conclusion.is_none(), "a run that is over is not advanced");
        for transition in self.ask() {
            self.check(&transition);
            self.note(&transition);
            self.state.apply(&transition);
        }
        let left: Vec<_> = self
            .ask()
            .into_iter()
            .filter(|t| !matches!(t, Transition::ConcludeRun { .. }))
            .collect();
        assert!(left.is_empty(), "one call must decide everything: {left:?}");
    }

    fn ask(&self) -> Vec<Transition> {
        advance(&self.plan, &self.state, self.now)
    }

    fn check(&mut self, transition: &Transition) {
        assert!(self.conclusion.is_none(), "nothing follows the run's conclusion: {transition:?}");
        match transition {
            Transition::Expand { job, legs, .. } => {
                assert!(!legs.is_empty());
                assert!(self.is_blocked(job), "`{job}` is expanded once");
                self.check_needs(job);
            }
            Transition::End { job, .. } => {
                assert!(self.is_blocked(job), "`{job}` ends once");
                self.check_needs(job);
                assert!(self.concluded.insert(job.0.clone()), "`{job}` concludes once");
            }
            Transition::Wait { leg, .. } => {
                assert_eq!(self.status(leg), LegStatus::Pending, "{leg:?}");
            }
            Transition::Queue { leg } => {
                assert!(matches!(self.status(leg), LegStatus::Pending | LegStatus::Waiting));
                let slot = &self.leg(leg).slot;
                let wanted = self.leg(leg).concurrency.is_some();
                assert!(!wanted || *slot == SlotState::Held, "{leg:?} runs without its group");
                self.check_needs(&leg.job);
            }
            Transition::Enter { leg, jobs } => {
                assert!(jobs.iter().all(|job| !self.state.jobs.contains_key(&job.key)));
                assert!(matches!(self.status(leg), LegStatus::Pending | LegStatus::Waiting));
                assert!(self.leg(leg).call.is_some());
                self.check_needs(&leg.job);
            }
            Transition::Leave { leg, .. } => {
                assert_eq!(self.status(leg), LegStatus::InProgress);
                assert!(self.concluded.insert(key_of(leg)), "{leg:?} concludes once");
                let inner = format!("{}/{}/", leg.job, leg.leg);
                let called: Vec<_> =
                    self.state.jobs.keys().filter(|key| key.as_str().starts_with(&inner)).collect();
                assert!(called.iter().all(|key| job_result(&self.state, key).is_some()));
            }
            Transition::Conclude { leg, .. } => {
                assert!(!matches!(
                    self.status(leg),
                    LegStatus::InProgress | LegStatus::Completed(_)
                ));
                assert!(self.concluded.insert(key_of(leg)), "{leg:?} concludes once");
            }
            Transition::RequestCancel { leg, .. } => {
                assert_eq!(self.status(leg), LegStatus::InProgress);
                assert!(!self.leg(leg).cancel_requested, "{leg:?} is told once");
            }
            Transition::Abandon { leg, .. } => {
                assert_eq!(self.status(leg), LegStatus::InProgress);
                assert!(self.concluded.insert(key_of(leg)), "{leg:?} concludes once");
            }
            Transition::Claim { leg, slot } => {
                assert_eq!(self.status(leg), LegStatus::Pending);
                assert_eq!(self.leg(leg).slot, SlotState::Unclaimed, "{leg:?} asks once");
                assert_eq!(self.leg(leg).concurrency.as_ref(), Some(slot));
                self.check_needs(&leg.job);
            }
            Transition::CancelRun { .. } => assert!(!self.state.cancel_forced),
            Transition::ConcludeRun { .. } => {
                let jobs = &self.plan.workflow.jobs;
                assert!(jobs.iter().all(|job| job_result(&self.state, &job.id).is_some()));
            }
        }
    }

    fn check_needs(&self, job: &JobId) {
        let (scope, found) = Scope::of_job(&self.plan, &self.state, job).unwrap();
        let needs = needs_context(&scope, found).to_json();
        for need in &found.needs {
            assert!(!needs[need.as_str()].is_null(), "`{job}` moves before `{need}` ended");
        }
        // A called job moves only within a leg that has entered what it calls.
        if let Some((caller, _)) = job.as_str().rsplit_once('/') {
            assert_eq!(self.status(&parse_key(caller)), LegStatus::InProgress);
        }
    }

    fn note(&mut self, transition: &Transition) {
        match transition {
            Transition::Expand { job, legs, .. } => {
                self.names.extend(legs.iter().map(|leg| leg.name.clone()));
                for (leg, new) in (0..).zip(legs) {
                    self.legs.insert(key_of(&LegKey { job: job.clone(), leg }), new.clone());
                }
            }
            Transition::End { job, name, reason, .. } => {
                self.names.push(name.clone());
                self.reasons.insert(job.0.clone(), reason.clone());
            }
            Transition::Conclude { leg, reason, .. }
            | Transition::Abandon { leg, reason, .. }
            | Transition::RequestCancel { leg, reason, .. } => {
                self.reasons.insert(key_of(leg), reason.clone());
                if !matches!(transition, Transition::RequestCancel { .. }) {
                    self.groups.borrow_mut().release(&(self.id, Some(leg.clone())));
                }
            }
            Transition::ConcludeRun { conclusion } => {
                self.conclusion = Some(*conclusion);
                self.groups.borrow_mut().release(&(self.id, None));
            }
            Transition::Claim { leg, slot } => {
                self.groups.borrow_mut().claim((self.id, Some(leg.clone())), slot);
            }
            Transition::Leave { leg, reason, .. } => {
                if let Some(reason) = reason {
                    self.reasons.insert(key_of(leg), reason.clone());
                }
                self.groups.borrow_mut().release(&(self.id, Some(leg.clone())));
            }
            Transition::CancelRun { .. }
            | Transition::Wait { .. }
            | Transition::Queue { .. }
            | Transition::Enter { .. } => {}
        }
    }

    /// A runner takes a leg.
    pub(crate) fn begin(&mut self, leg: &str) {
        let leg = self.leg_mut(leg);
        assert_eq!(leg.status, LegStatus::Queued);
        leg.status = LegStatus::InProgress;
        self.settle();
    }

    /// A runner reports the end of a leg that was queued or running.
    pub(crate) fn finish(&mut self, leg: &str, conclusion: Conclusion) {
        self.finish_with(leg, conclusion, &[]);
    }

    pub(crate) fn finish_with(
        &mut self,
        leg: &str,
        conclusion: Conclusion,
        outputs: &[(&str, &str)],
    ) {
        self.completions += 1;
        let order = self.completions;
        assert!(self.concluded.insert(key_of(&parse_key(leg))), "`{leg}` concludes once");
        self.groups.borrow_mut().release(&(self.id, Some(parse_key(leg))));
        let leg = self.leg_mut(leg);
        assert!(matches!(leg.status, LegStatus::Queued | LegStatus::InProgress));
        leg.status = LegStatus::Completed(conclusion);
        leg.completed_order = Some(order);
        leg.outputs = outputs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        self.settle();
    }

    pub(crate) fn succeed(&mut self, leg: &str) {
        self.finish(leg, Conclusion::Success);
    }

    pub(crate) fn fail(&mut self, leg: &str) {
        self.finish(leg, Conclusion::Failure);
    }

    pub(crate) fn review(&mut self, leg: &str, review: Review) {
        self.leg_mut(leg).review = Some(review);
        self.settle();
    }

    pub(crate) fn cancel(&mut self) {
        self.state.cancel_requested = true;
        self.settle();
    }

    pub(crate) fn force_cancel(&mut self) {
        self.state.cancel_forced = true;
        self.cancel();
    }

    /// The leg has had its status since then.
    pub(crate) fn set_since(&mut self, leg: &str, since: DateTime<Utc>) {
        self.leg_mut(leg).since = Some(since);
    }

    pub(crate) fn set_cancel_requested_at(&mut self, leg: &str, at: DateTime<Utc>) {
        self.leg_mut(leg).cancel_requested_at = Some(at);
    }

    /// Time passes, and `advance` looks again.
    pub(crate) fn wait_until(&mut self, now: DateTime<Utc>) {
        self.now = now;
        self.settle();
    }

    /// When `advance` wants to look again.
    pub(crate) fn next_look(&self) -> Option<DateTime<Utc>> {
        next_look(&self.state, self.now)
    }

    /// The legs with this status, in order.
    pub(crate) fn with_status(&self, wanted: LegStatus) -> Vec<String> {
        let mut found = Vec::new();
        for (job, state) in &self.state.jobs {
            let JobState::Expanded { legs, .. } = state else { continue };
            for (leg, state) in (0..).zip(legs) {
                if state.status == wanted {
                    found.push(key_of(&LegKey { job: job.clone(), leg }));
                }
            }
        }
        found
    }

    /// The legs that wait for a review; one that has got it may still wait for `max-parallel`.
    pub(crate) fn unreviewed(&self) -> Vec<String> {
        let mut waiting = self.with_status(LegStatus::Waiting);
        waiting.retain(|leg| self.leg(&parse_key(leg)).review.is_none());
        waiting
    }

    pub(crate) fn queued(&self) -> Vec<String> {
        self.with_status(LegStatus::Queued)
    }

    /// What a runner has taken; not the legs that have entered what they call.
    pub(crate) fn running(&self) -> Vec<String> {
        let mut running = self.with_status(LegStatus::InProgress);
        running.retain(|leg| self.leg(&parse_key(leg)).call.is_none());
        running
    }

    pub(crate) fn result(&self, job: &str) -> Option<&'static str> {
        job_result(&self.state, &JobId(job.to_owned())).map(Conclusion::as_str)
    }

    pub(crate) fn needs_of(&self, job: &str) -> Json {
        let key = JobId(job.to_owned());
        let (scope, job) = Scope::of_job(&self.plan, &self.state, &key).unwrap();
        needs_context(&scope, job).to_json()
    }

    pub(crate) fn is_told_to_cancel(&self, leg: &str) -> bool {
        self.leg(&parse_key(leg)).cancel_requested
    }

    fn is_blocked(&self, job: &JobId) -> bool {
        matches!(self.state.jobs.get(job), None | Some(JobState::Blocked))
    }

    fn status(&self, key: &LegKey) -> LegStatus {
        self.leg(key).status
    }

    fn leg(&self, key: &LegKey) -> &LegState {
        match self.state.jobs.get(&key.job) {
            Some(JobState::Expanded { legs, .. }) => &legs[key.leg as usize],
            other => panic!("{key:?} has no legs: {other:?}"),
        }
    }

    fn leg_mut(&mut self, key: &str) -> &mut LegState {
        self.state.leg_mut(&parse_key(key)).unwrap()
    }
}

/// `test` is leg 0 of `test`; `test/2` is leg 2; `call/0/test` is leg 0 of a called job.
fn parse_key(key: &str) -> LegKey {
    let numbered = key.rsplit_once('/').and_then(|(job, leg)| Some((job, leg.parse().ok()?)));
    let (job, leg) = numbered.unwrap_or((key, 0));
    LegKey { job: JobId(job.to_owned()), leg }
}

fn key_of(key: &LegKey) -> String {
    if key.leg == 0 { key.job.0.clone() } else { format!("{}/{}", key.job, key.leg) }
}
