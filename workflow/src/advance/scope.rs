//! The jobs of one file within a run, and what they see of each other.
//!
//! A leg of a calling job that has entered what it calls opens a scope for the called jobs. Their
//! keys begin with the leg: `call/0/build` is the job `build` of what leg 0 of `call` calls. No id
//! has a slash or begins with a digit, so that a key reads in one way only.
//!
//! Decides nothing. Invariant: a job's needs, its `if` and its status functions never look outside
//! of its own scope.

use super::needs;
use super::state::{Call, Conclusion, JobState, LegKey, LegState, RunState};
use super::transition::NewJob;
use crate::expr::{Object, Value};
use crate::model::{CallJob, Job, JobId, JobKind, Permissions, Workflow};
use crate::plan::called::{CalledWorkflow, FileSource, find};
use crate::plan::job_name::default_name;
use crate::plan::{RunPlan, TokenPermissions};

/// Why a job is cancelled when the run is, where nobody gave a reason.
const RUN_CANCELLED: &str = "the run was cancelled";

/// The jobs of one file within a run at one moment.
#[derive(Clone, Debug)]
pub struct Scope<'a> {
    plan: &'a RunPlan,
    pub(super) state: &'a RunState,
    pub(super) workflow: &'a Workflow,
    source: Option<&'a FileSource>,
    caller: Option<Caller<'a>>,
    /// The permissions of jobs that say nothing themselves; absent: the repository's default.
    given: Option<&'a Permissions>,
}

/// The leg that has called a file.
#[derive(Clone, Debug)]
struct Caller<'a> {
    leg: LegKey,
    call: &'a Call,
    /// Why its jobs shall end, if it was told to cancel.
    cancelled: Option<String>,
}

impl<'a> Scope<'a> {
    /// The jobs of the run's own file.
    #[must_use]
    pub fn of_run(plan: &'a RunPlan, state: &'a RunState) -> Self {
        Self {
            plan,
            state,
            workflow: &plan.workflow,
            source: plan.source.as_ref(),
            caller: None,
            given: plan.workflow.permissions.as_ref(),
        }
    }

    /// The scope that the job with this key is in, and the job.
    #[must_use]
    pub fn of_job(plan: &'a RunPlan, state: &'a RunState, key: &JobId) -> Option<(Self, &'a Job)> {
        let mut scope = Self::of_run(plan, state);
        let mut words = key.as_str().split('/');
        loop {
            let job = scope.workflow.job(&JobId(words.next()?.to_owned()))?;
            match words.next() {
                None => return Some((scope, job)),
                Some(leg) => scope = scope.called_by(job, leg.parse().ok()?)?,
            }
        }
    }

    /// The calls that lead to the job with this key, outermost first: the scope and the job that
    /// calls, and what its leg hands over.
    pub(super) fn callers_of(
        plan: &'a RunPlan,
        state: &'a RunState,
        key: &JobId,
    ) -> Option<Vec<(Self, &'a Job, &'a Call)>> {
        let mut callers = Vec::new();
        let mut scope = Self::of_job(plan, state, key)?.0;
        while let Some(caller) = scope.caller.take() {
            let (outer, job) = Self::of_job(plan, state, &caller.leg.job)?;
            callers.push((outer.clone(), job, caller.call));
            scope = outer;
        }
        callers.reverse();
        Some(callers)
    }

    /// The scope that a leg of a calling job has opened.
    pub(super) fn of_leg(plan: &'a RunPlan, state: &'a RunState, leg: &LegKey) -> Option<Self> {
        let (scope, job) = Self::of_job(plan, state, &leg.job)?;
        scope.called_by(job, leg.leg)
    }

    /// The jobs that a leg of `job` calls.
    pub(super) fn called_by(&self, job: &Job, leg: u32) -> Option<Self> {
        let JobKind::Call(call_job) = &job.kind else { return None };
        let called = self.called(call_job)?;
        let leg_state = self.leg(&job.id, leg)?;
        let call = leg_state.call.as_ref()?;
        let told = || leg_state.cancel_requested.then(|| format!("`{}` was cancelled", call.name));
        Some(Self {
            workflow: &called.workflow,
            source: Some(&called.source),
            caller: Some(Caller {
                leg: LegKey { job: self.key(&job.id), leg },
                call,
                cancelled: self.cancelled().map(str::to_owned).or_else(told),
            }),
            given: called.workflow.permissions.as_ref().or(self.permissions_given(job)),
            ..*self
        })
    }

    /// The file that a job of this scope calls.
    pub(super) fn called(&self, call: &CallJob) -> Option<&'a CalledWorkflow> {
        find(&self.plan.called, &call.uses, self.source)
    }

    /// The file that declares these jobs.
    #[must_use]
    pub fn workflow(&self) -> &'a Workflow {
        self.workflow
    }

    /// Where that file comes from.
    #[must_use]
    pub fn source(&self) -> Option<&'a FileSource> {
        self.source
    }

    /// Whether these jobs were called out of another file.
    #[must_use]
    pub fn is_called(&self) -> bool {
        self.caller.is_some()
    }

    /// The contexts that do not depend on a job: `github`, `inputs` and `vars`.
    #[must_use]
    pub fn contexts(&self) -> Object {
        let mut contexts = self.plan.contexts.to_object();
        if let Some(caller) = &self.caller {
            contexts.entries.insert("inputs".to_owned(), caller.call.inputs.clone());
        }
        contexts
    }

    /// All jobs of this file, as they come up.
    #[must_use]
    pub fn new_jobs(&self) -> Vec<NewJob> {
        let jobs = self.workflow.jobs.iter();
        jobs.map(|job| NewJob {
            key: self.key(&job.id),
            name: self.display_name(&default_name(job)),
            needs: job.needs.iter().map(|need| self.key(need)).collect(),
        })
        .collect()
    }

    /// What the token of a job may do, before anything is taken away from forks.
    #[must_use]
    pub fn permissions(&self, job: &Job) -> TokenPermissions {
        match self.permissions_given(job) {
            Some(permissions) => TokenPermissions::declared(permissions),
            None => TokenPermissions::of_default(self.plan.default_permissions, true),
        }
    }

    fn permissions_given(&self, job: &Job) -> Option<&'a Permissions>
    where
        Self: 'a,
    {
        // The plan outlives the scope, which only lends the job.
        let declared = self.workflow.job(&job.id).and_then(|job| job.permissions.as_ref());
        declared.or(self.given)
    }

    /// What the state of the run calls the job `id` of this file.
    pub(super) fn key(&self, id: &JobId) -> JobId {
        match &self.caller {
            None => id.clone(),
            Some(caller) => JobId(format!("{}/{}/{id}", caller.leg.job, caller.leg.leg)),
        }
    }

    /// `caller / name` in what was called.
    pub(super) fn display_name(&self, name: &str) -> String {
        match &self.caller {
            None => name.to_owned(),
            Some(caller) => format!("{} / {name}", caller.call.name),
        }
    }

    pub(super) fn job_state(&self, id: &JobId) -> Option<&'a JobState> {
        match &self.caller {
            None => self.state.jobs.get(id),
            Some(_) => self.state.jobs.get(&self.key(id)),
        }
    }

    fn leg(&self, id: &JobId, leg: u32) -> Option<&'a LegState> {
        match self.job_state(id)? {
            JobState::Expanded { legs, .. } => legs.get(usize::try_from(leg).ok()?),
            JobState::Blocked | JobState::Ended(_) => None,
        }
    }

    /// The concurrency group that the run as a whole holds or waits for.
    pub(super) fn own_group(&self) -> Option<&'a str> {
        self.plan.concurrency.as_ref().map(|slot| slot.group.as_str())
    }

    /// The result of a job of this file once it has ended.
    pub(super) fn result(&self, id: &JobId) -> Option<Conclusion> {
        needs::result_of_state(self.job_state(id)?)
    }

    /// The ref that the run is for.
    pub(super) fn git_ref(&self) -> &'a str {
        let Value::Object(github) = &self.plan.contexts.github else { return "" };
        match github.get("ref") {
            Some(Value::String(name)) => name,
            _ => "",
        }
    }

    /// Why these jobs shall end, if somebody asked for it.
    pub(super) fn cancelled(&self) -> Option<&str> {
        if self.state.cancel_requested {
            return Some(self.state.cancel_reason.as_deref().unwrap_or(RUN_CANCELLED));
        }
        self.caller.as_ref()?.cancelled.as_deref()
    }
}
