//! A run in memory: applies what `advance` asks for, plays runner and reviewer, and checks the
//! invariants at every step.

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use gantry_workflow::advance::{
    Conclusion, JobState, LegKey, LegState, LegStatus, NewLeg, Protection, Review, RunState,
    Transition, advance, job_result, needs_context,
};
use gantry_workflow::model::{JobId, read_workflow};
use gantry_workflow::plan::{RunContexts, RunPlan, plan};
use serde_json::Value as Json;

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
        let protections = environments
            .iter()
            .map(|name| (name.to_lowercase(), Protection { review_required: true }))
            .collect();
        let mut run = Self {
            plan,
            state: RunState { protections, ..RunState::default() },
            conclusion: None,
            reasons: BTreeMap::new(),
            names: Vec::new(),
            legs: BTreeMap::new(),
            completions: 0,
            concluded: BTreeSet::new(),
        };
        run.settle();
        run
    }

    /// Applies everything that must happen now.
    fn settle(&mut self) {
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
        advance(&self.plan, &self.state, DateTime::UNIX_EPOCH)
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
                self.check_needs(&leg.job);
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
            Transition::ConcludeRun { .. } => {
                let jobs = &self.plan.workflow.jobs;
                assert!(jobs.iter().all(|job| job_result(&self.state, &job.id).is_some()));
            }
        }
    }

    fn check_needs(&self, job: &JobId) {
        for need in &self.plan.workflow.job(job).unwrap().needs {
            assert!(job_result(&self.state, need).is_some(), "`{job}` moves before `{need}` ended");
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
            | Transition::RequestCancel { leg, reason } => {
                self.reasons.insert(key_of(leg), reason.clone());
            }
            Transition::ConcludeRun { conclusion } => self.conclusion = Some(*conclusion),
            Transition::Wait { .. } | Transition::Queue { .. } => {}
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

    pub(crate) fn queued(&self) -> Vec<String> {
        self.with_status(LegStatus::Queued)
    }

    pub(crate) fn result(&self, job: &str) -> Option<&'static str> {
        job_result(&self.state, &JobId(job.to_owned())).map(Conclusion::as_str)
    }

    pub(crate) fn needs_of(&self, job: &str) -> Json {
        let job = self.plan.workflow.job(&JobId(job.to_owned())).unwrap();
        needs_context(&self.plan, &self.state, job).to_json()
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

/// `test` is leg 0 of `test`; `test/2` is leg 2.
fn parse_key(key: &str) -> LegKey {
    let (job, leg) = key.split_once('/').unwrap_or((key, "0"));
    LegKey { job: JobId(job.to_owned()), leg: leg.parse().unwrap() }
}

fn key_of(key: &LegKey) -> String {
    if key.leg == 0 { key.job.0.clone() } else { format!("{}/{}", key.job, key.leg) }
}
