//! One run in memory: what `advance` decides, what a runner does, what people are told.
//!
//! No I/O. Invariant: every transition is applied here and nowhere else, in the order in which it
//! was decided, so that the run ends as it would on a server.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};
use gantry_protocol::{
    CancelRequest, ClaimId, CompleteJob, JobId, LeaseToken, LogChunk, StepUpdate,
};
use gantry_workflow::advance::{
    Conclusion, JobState, LegKey, LegState, LegStatus, NewLeg, Protection, Review, RunState,
    SlotState, Transition, advance, next_look,
};
use gantry_workflow::plan::RunPlan;

use super::groups::Groups;
use super::matrix_choice::MatrixChoice;

/// The only lease a job ever gets: its runner is this program.
pub(super) const LEASE: LeaseToken = LeaseToken(1);

/// Something to tell.
#[derive(Clone, Debug)]
pub(super) enum News {
    /// Somebody has to approve a deployment before the job goes on.
    ReviewWanted {
        environment: String,
    },
    /// A runner has the job.
    Started {
        job: JobId,
        name: String,
    },
    Log {
        job: JobId,
        chunk: LogChunk,
    },
    Step {
        job: JobId,
        step: StepUpdate,
    },
    /// The job ended; `reason` is set when it did not run to its end by itself.
    Ended {
        job: Option<JobId>,
        name: String,
        conclusion: Conclusion,
        reason: Option<String>,
    },
    RunEnded {
        conclusion: Conclusion,
    },
}

/// A leg of a job that may be run.
#[derive(Clone, Debug)]
pub(super) struct LocalJob {
    pub(super) key: LegKey,
    pub(super) leg: NewLeg,
    claim: Option<ClaimId>,
    n_chunks: u64,
    steps: BTreeMap<u32, u32>,
    pub(super) cancel: Option<CancelRequest>,
    is_complete: bool,
    /// It was ended without its runner, which may say nothing more of it.
    is_abandoned: bool,
}

/// The run.
#[derive(Debug)]
pub(super) struct Coordinator {
    pub(super) plan: RunPlan,
    pub(super) state: RunState,
    pub(super) jobs: BTreeMap<JobId, LocalJob>,
    legs: BTreeMap<LegKey, NewLeg>,
    queue: VecDeque<JobId>,
    groups: Groups,
    choice: MatrixChoice,
    /// Deployments go on without a question.
    approve_all: bool,
    news: Vec<News>,
    pub(super) conclusion: Option<Conclusion>,
}

impl Coordinator {
    pub(super) fn new(plan: RunPlan, choice: MatrixChoice, approve_all: bool) -> Self {
        // Nobody else is here to hold the workflow's concurrency group.
        let state = RunState { slot: SlotState::Held, ..RunState::default() };
        Self {
            plan,
            state,
            jobs: BTreeMap::new(),
            legs: BTreeMap::new(),
            queue: VecDeque::new(),
            groups: Groups::default(),
            choice,
            approve_all,
            news: Vec::new(),
            conclusion: None,
        }
    }

    /// Decides until nothing more happens by itself.
    pub(super) fn advance(&mut self, now: DateTime<Utc>) {
        self.state.started_at.get_or_insert(now);
        while self.conclusion.is_none() {
            self.groups.settle(&mut self.state);
            let transitions = self.decide(now);
            if transitions.is_empty() {
                return;
            }
            for transition in &transitions {
                self.state.apply(transition);
                self.follow(transition);
                if matches!(transition, Transition::Expand { .. }) && self.skip_other_legs() {
                    // What was decided for the legs that are gone does not hold any more.
                    break;
                }
            }
            note_times(&mut self.state, now);
        }
    }

    /// When to look again although nothing happens.
    pub(super) fn next_look(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        next_look(&self.state, now)
    }

    /// What has to be told since the last time.
    pub(super) fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// Everything that happens now. An environment is protected as soon as its name is known.
    fn decide(&mut self, now: DateTime<Utc>) -> Vec<Transition> {
        loop {
            let transitions = advance(&self.plan, &self.state, now);
            let legs = transitions.iter().filter_map(|transition| match transition {
                Transition::Expand { legs, .. } => Some(legs),
                _ => None,
            });
            let names: Vec<String> =
                legs.flatten().filter_map(|leg| leg.environment.as_deref()).map(lower).collect();
            let n_known = self.state.protections.len();
            if !self.approve_all {
                let protection = || Protection { review_required: true, ..Protection::default() };
                let new = names.into_iter().map(|name| (name, protection()));
                self.state.protections.extend(new);
            }
            if self.state.protections.len() == n_known {
                return transitions;
            }
        }
    }

    fn follow(&mut self, transition: &Transition) {
        match transition {
            Transition::Expand { job, legs, .. } => {
                for (index, leg) in (0..).zip(legs) {
                    self.legs.insert(LegKey { job: job.clone(), leg: index }, leg.clone());
                }
            }
            Transition::End { name, conclusion, reason, .. } => {
                self.ended((None, name), *conclusion, Some(reason));
            }
            Transition::Wait { environment, .. } => {
                self.news.push(News::ReviewWanted { environment: environment.clone() });
            }
            Transition::Queue { leg } => self.enqueue(leg),
            Transition::Conclude { leg, conclusion, reason } => {
                let name = self.legs.get(leg).map(|leg| leg.name.clone()).unwrap_or_default();
                let job = self.job_of(leg);
                if let Some(job) = job {
                    self.queue.retain(|queued| *queued != job);
                }
                self.ended((job, &name), *conclusion, Some(reason));
            }
            Transition::RequestCancel { leg, reason, timed_out } => {
                let reason = reason.clone();
                self.request_cancel(leg, CancelRequest { reason, timed_out: *timed_out });
            }
            Transition::Claim { leg, slot } => self.groups.claim(leg, slot, &mut self.state),
            Transition::Abandon { leg, conclusion, reason } => {
                self.abandon(leg, *conclusion, reason);
            }
            // The jobs of a called workflow end one by one; their caller is told when it fails itself.
            Transition::Leave { leg, conclusion, reason: Some(reason), .. } => {
                let name = self.legs.get(leg).map(|leg| leg.name.clone()).unwrap_or_default();
                self.ended((None, &name), *conclusion, Some(reason));
            }
            Transition::CancelRun { .. } | Transition::Enter { .. } | Transition::Leave { .. } => {}
            Transition::ConcludeRun { conclusion } => {
                self.conclusion = Some(*conclusion);
                self.news.push(News::RunEnded { conclusion: *conclusion });
            }
        }
    }

    /// Legs that `--matrix` does not choose end before they begin; whether there were any.
    fn skip_other_legs(&mut self) -> bool {
        let mut any = false;
        for (key, leg) in &self.legs {
            if self.choice.includes(&leg.matrix) {
                continue;
            }
            if let Some(state) = self.state.leg_mut(key)
                && state.status == LegStatus::Pending
            {
                state.status = LegStatus::Completed(Conclusion::Skipped);
                any = true;
            }
        }
        any
    }

    fn enqueue(&mut self, key: &LegKey) {
        let Some(leg) = self.legs.get(key).cloned() else { return };
        let number = i64::try_from(self.jobs.len()).unwrap_or(i64::MAX);
        let job = JobId(number.saturating_add(1));
        let local = LocalJob {
            key: key.clone(),
            leg,
            claim: None,
            n_chunks: 0,
            steps: BTreeMap::new(),
            cancel: None,
            is_complete: false,
            is_abandoned: false,
        };
        self.jobs.insert(job, local);
        self.queue.push_back(job);
    }

    fn request_cancel(&mut self, key: &LegKey, request: CancelRequest) {
        if let Some(job) = self.job_of(key)
            && let Some(local) = self.jobs.get_mut(&job)
        {
            local.cancel = Some(request);
        }
    }

    fn abandon(&mut self, key: &LegKey, conclusion: Conclusion, reason: &str) {
        let Some(job) = self.job_of(key) else { return };
        let Some(local) = self.jobs.get_mut(&job) else { return };
        local.is_abandoned = true;
        let name = local.leg.name.clone();
        self.ended((Some(job), &name), conclusion, Some(reason));
    }

    /// The job ends before a runner has heard of it.
    pub(super) fn fail_unprepared(&mut self, job: JobId, reason: &str) {
        let Some(local) = self.jobs.get(&job) else { return };
        let key = local.key.clone();
        if let Some(leg) = self.state.leg_mut(&key) {
            leg.status = LegStatus::Completed(Conclusion::Failure);
        }
        self.abandon(&key, Conclusion::Failure, reason);
    }

    /// A job of which its runner may speak.
    fn known(&mut self, job: JobId) -> Option<&mut LocalJob> {
        self.jobs.get_mut(&job).filter(|local| !local.is_abandoned)
    }

    fn job_of(&self, key: &LegKey) -> Option<JobId> {
        self.jobs.iter().find(|(_, local)| local.key == *key).map(|(job, _)| *job)
    }

    fn ended(
        &mut self,
        (job, name): (Option<JobId>, &str),
        conclusion: Conclusion,
        reason: Option<&str>,
    ) {
        let name = name.to_owned();
        self.news.push(News::Ended { job, name, conclusion, reason: reason.map(str::to_owned) });
    }
}

/// What a runner asks and says. `None`: there is no such job, or not any more.
impl Coordinator {
    /// The job of a claim: the same one again, or the next of the queue.
    pub(super) fn claim(&mut self, claim: ClaimId, now: DateTime<Utc>) -> Option<JobId> {
        let is_open = |job: &LocalJob| !job.is_complete && !job.is_abandoned;
        let again = self.jobs.iter().find(|(_, job)| job.claim == Some(claim) && is_open(job));
        if let Some((job, _)) = again {
            return Some(*job);
        }
        let job = self.queue.pop_front()?;
        let local = self.jobs.get_mut(&job)?;
        local.claim = Some(claim);
        let name = local.leg.name.clone();
        if let Some(leg) = self.state.leg_mut(&local.key) {
            leg.status = LegStatus::InProgress;
            leg.since = Some(now);
        }
        self.news.push(News::Started { job, name });
        Some(job)
    }

    pub(super) fn step(&mut self, job: JobId, step: StepUpdate) -> Option<()> {
        let local = self.known(job)?;
        let newest = local.steps.entry(step.number).or_insert(0);
        if step.revision >= *newest {
            *newest = step.revision;
            self.news.push(News::Step { job, step });
        }
        Some(())
    }

    /// A chunk that came before is ignored.
    pub(super) fn log(&mut self, job: JobId, chunk: LogChunk) -> Option<()> {
        let local = self.known(job)?;
        if chunk.sequence == local.n_chunks {
            local.n_chunks += 1;
            self.news.push(News::Log { job, chunk });
        }
        Some(())
    }

    /// The first completion counts.
    pub(super) fn complete(&mut self, job: JobId, end: CompleteJob) -> Option<()> {
        let local = self.known(job)?;
        if std::mem::replace(&mut local.is_complete, true) {
            return Some(());
        }
        let (key, name) = (local.key.clone(), local.leg.name.clone());
        let order = self.state.next_completion();
        if let Some(leg) = self.state.leg_mut(&key) {
            leg.status = LegStatus::Completed(end.conclusion);
            leg.outputs = end.outputs;
            leg.completed_order = Some(order);
        }
        self.ended((Some(job), &name), end.conclusion, end.infrastructure_error.as_deref());
        Some(())
    }

    /// Whether a job waits for a review of the environment.
    pub(super) fn waits_for(&mut self, environment: &str) -> bool {
        self.waiting_for(environment).next().is_some()
    }

    /// A reviewer's answer for every job that waits for the environment.
    pub(super) fn review(&mut self, environment: &str, review: Review) {
        for leg in self.waiting_for(environment) {
            leg.review = Some(review);
        }
    }

    fn waiting_for(&mut self, environment: &str) -> impl Iterator<Item = &mut LegState> {
        let wanted = lower(environment);
        let legs = self.state.jobs.values_mut().filter_map(|state| match state {
            JobState::Expanded { legs, .. } => Some(legs),
            JobState::Blocked | JobState::Ended(_) => None,
        });
        legs.flatten().filter(move |leg| {
            leg.status == LegStatus::Waiting
                && leg.environment.as_deref().map(lower).as_ref() == Some(&wanted)
        })
    }

    pub(super) fn cancel(&mut self, reason: &str) {
        self.state.cancel_requested = true;
        self.state.cancel_reason = Some(reason.to_owned());
    }
}

fn lower(name: &str) -> String {
    name.to_lowercase()
}

/// What has just begun began now.
fn note_times(state: &mut RunState, now: DateTime<Utc>) {
    for job in state.jobs.values_mut() {
        let JobState::Expanded { legs, .. } = job else { continue };
        for leg in legs {
            leg.since.get_or_insert(now);
            if leg.cancel_requested {
                leg.cancel_requested_at.get_or_insert(now);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use gantry_workflow::model::read_workflow;
    use gantry_workflow::plan::{RunContexts, plan};
    use uuid::Uuid;

    use super::*;

    fn coordinator(jobs: &str) -> Coordinator {
        let (workflow, diagnostics) = read_workflow("ci.yml", &format!("on: push\njobs:\n{jobs}"));
        let workflow = workflow.unwrap_or_else(|| panic!("{diagnostics:?}"));
        let plan = plan(workflow, RunContexts::default(), "title").expect("a plan");
        let mut run = Coordinator::new(plan, MatrixChoice::default(), false);
        run.advance(Utc::now());
        run
    }

    fn claim(run: &mut Coordinator) -> Option<JobId> {
        run.claim(ClaimId(Uuid::new_v4()), Utc::now())
    }

    fn complete(run: &mut Coordinator, job: JobId, conclusion: Conclusion) {
        let end = CompleteJob {
            lease: LEASE,
            conclusion,
            outputs: BTreeMap::new(),
            annotations: Vec::new(),
            environment_url: None,
            infrastructure_error: None,
            log_chunks: 0,
        };
        run.complete(job, end).expect("the job");
        run.advance(Utc::now());
    }

    const STEPS: &str = "runs-on: x, steps: [{run: x}]";

    #[test]
    fn jobs_of_one_concurrency_group_run_one_after_the_other() {
        let job = |id| format!("  {id}: {{{STEPS}, concurrency: {{group: g, queue: max}}}}\n");
        let mut run = coordinator(&[job("a"), job("b")].concat());
        let first = claim(&mut run).expect("the first");
        assert_eq!(claim(&mut run), None);
        complete(&mut run, first, Conclusion::Success);
        let second = claim(&mut run).expect("the second");
        complete(&mut run, second, Conclusion::Success);
        assert_eq!(run.conclusion, Some(Conclusion::Success));
    }

    #[test]
    fn a_deployment_waits_for_its_review_and_a_rejection_fails_it() {
        let mut run = coordinator(&format!("  a: {{{STEPS}, environment: Live}}\n"));
        assert_eq!(claim(&mut run), None);
        assert!(run.waits_for("live"));
        let is_question = |news: &News| matches!(news, News::ReviewWanted { .. });
        assert!(run.take_news().iter().any(is_question));
        run.review("LIVE", Review::Rejected);
        run.advance(Utc::now());
        assert_eq!(run.conclusion, Some(Conclusion::Failure));
    }

    #[test]
    fn a_job_that_outlives_its_time_is_told_so() {
        let mut run = coordinator(&format!("  a: {{{STEPS}, timeout-minutes: 5}}\n"));
        let job = claim(&mut run).expect("the job");
        let later = Utc::now() + chrono::TimeDelta::minutes(6);
        assert!(run.next_look(Utc::now()).is_some_and(|at| at < later));
        run.advance(later);
        assert!(run.jobs[&job].cancel.as_ref().is_some_and(|cancel| cancel.timed_out));
    }
}
