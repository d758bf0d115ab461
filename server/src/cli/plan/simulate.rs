//! The jobs of a run, as the state machine creates them when every job succeeds.
//!
//! Pure but for the clock. Decides nothing itself. Invariant: each job of the file comes out once, in
//! the order of the file, and with it once for each leg what it calls.

use std::collections::BTreeMap;

use chrono::Utc;
use gantry_workflow::advance::{
    Conclusion, JobState, LegKey, LegStatus, NewJob, NewLeg, RunState, Scope, SlotState,
    Transition, advance,
};
use gantry_workflow::model::{Job, JobId, JobKind, Workflow};
use gantry_workflow::plan::RunPlan;

use super::unknown::{self, OpenInputs, Unknown};

/// What becomes of one job of a file.
#[derive(Debug)]
pub(super) struct JobForecast {
    /// Distinct within the run: `call/0/build` is the job `build` of what leg 0 of `call` calls.
    pub(super) key: JobId,
    /// The key, or `call / build`; legs have names of their own.
    pub(super) name: String,
    /// As it was read.
    pub(super) job: Job,
    pub(super) unknown: Unknown,
    pub(super) fate: Fate,
    /// The jobs that each leg calls, where the called file is at hand.
    pub(super) called: Vec<Vec<JobForecast>>,
}

#[derive(Debug)]
pub(super) enum Fate {
    /// One leg, or one for each combination of the matrix.
    Runs(Vec<NewLeg>),
    /// It ends without having run.
    Ends { name: String, conclusion: Conclusion, reason: String },
    /// Nothing became of it.
    Waits,
}

impl Fate {
    pub(super) fn is_failure(&self) -> bool {
        matches!(self, Self::Ends { conclusion: Conclusion::Failure, .. })
    }
}

impl JobForecast {
    /// Whether it runs; `None` when that is not known.
    pub(super) fn runs(&self) -> Option<bool> {
        match self.fate {
            Fate::Ends { .. } | Fate::Waits => Some(false),
            Fate::Runs(_) if self.unknown.condition || self.unknown.need.is_some() => None,
            Fate::Runs(_) => Some(true),
        }
    }

    /// Why it does not run, or what is not known about it.
    pub(super) fn reason(&self) -> Option<String> {
        let Unknown { condition, need, matrix } = &self.unknown;
        match &self.fate {
            Fate::Ends { conclusion, reason, .. } => Some(format!("{conclusion}: {reason}")),
            Fate::Waits => Some("it waits for jobs that never end".to_owned()),
            Fate::Runs(_) if *condition => {
                let written = self.written_condition().unwrap_or_default();
                Some(format!("only a run can tell whether `{written}` holds"))
            }
            Fate::Runs(_) if need.is_some() => {
                need.as_ref().map(|need| format!("it runs only if `{need}` does"))
            }
            Fate::Runs(_) if *matrix => Some("only a run can tell its matrix".to_owned()),
            Fate::Runs(_) => None,
        }
    }

    /// The keys of the jobs that it needs, which stand in the same file.
    pub(super) fn needs(&self) -> Vec<String> {
        let scope = self.key.as_str().strip_suffix(self.job.id.as_str()).unwrap_or_default();
        self.job.needs.iter().map(|need| format!("{scope}{need}")).collect()
    }

    /// The file that the job calls.
    pub(super) fn uses(&self) -> Option<String> {
        match &self.job.kind {
            JobKind::Call(call) => Some(call.uses.to_string()),
            JobKind::Steps(_) => None,
        }
    }

    /// The `if` as it stands in the file: the reader puts `success() && (...)` around one that calls
    /// no status function.
    pub(super) fn written_condition(&self) -> Option<&str> {
        let text = self.job.condition.text();
        let inner = text.strip_prefix("success() && (").and_then(|rest| rest.strip_suffix(')'));
        Some(inner.unwrap_or(text)).filter(|text| *text != "success()")
    }
}

/// Plays `plan`, in which what is unknown has been replaced, for the jobs of `workflow`. The plan
/// with nothing replaced is `written`.
pub(super) fn simulate(
    plan: &RunPlan,
    (written, inputs): (RunPlan, OpenInputs),
    workflow: Workflow,
) -> Vec<JobForecast> {
    let mut play = Play { written, inputs, ..Play::of(plan) };
    let jobs = workflow.jobs.into_iter().map(|job| (job.id.clone(), job.id.to_string(), job));
    let mut forecasts = play.forecasts(jobs.collect());
    spread_down(&mut forecasts);
    forecasts
}

/// A run that was played to its end.
struct Play {
    written: RunPlan,
    inputs: OpenInputs,
    state: RunState,
    fates: BTreeMap<JobId, Fate>,
    entered: BTreeMap<LegKey, Vec<NewJob>>,
}

impl Play {
    /// The jobs of one file, by key and name.
    fn forecasts(&mut self, jobs: Vec<(JobId, String, Job)>) -> Vec<JobForecast> {
        let mut forecasts = Vec::with_capacity(jobs.len());
        for (key, name, job) in jobs {
            let fate = self.fates.remove(&key).unwrap_or(Fate::Waits);
            let n_legs = match &fate {
                Fate::Runs(legs) => legs.len(),
                Fate::Ends { .. } | Fate::Waits => 0,
            };
            let is_called = key != job.id;
            let unknown = match is_called {
                true => unknown::of(&job, &self.inputs),
                false => unknown::of(&job, &OpenInputs::default()),
            };
            let legs = (0..).take(n_legs).map(|leg| LegKey { job: key.clone(), leg });
            let called = legs.map(|leg| self.called_by(&leg)).collect();
            forecasts.push(JobForecast { key, name, job, unknown, fate, called });
        }
        for _ in 0..forecasts.len() {
            spread(&mut forecasts);
        }
        forecasts
    }

    fn called_by(&mut self, leg: &LegKey) -> Vec<JobForecast> {
        let new_jobs = self.entered.remove(leg).unwrap_or_default();
        let written = new_jobs.into_iter().filter_map(|NewJob { key, name, .. }| {
            let (_, job) = Scope::of_job(&self.written, &self.state, &key)?;
            Some((key, name, job.clone()))
        });
        let jobs = written.collect();
        self.forecasts(jobs)
    }
}

/// A job that runs only after a success is as unknown as the jobs it needs.
fn spread(forecasts: &mut [JobForecast]) {
    let open: Vec<JobId> = forecasts
        .iter()
        .filter(|forecast| forecast.runs().is_none())
        .map(|forecast| forecast.job.id.clone())
        .collect();
    let waits_for_success = |job: &Job| {
        let condition = job.condition.text();
        condition == "success()" || condition.starts_with("success() && (")
    };
    for forecast in forecasts.iter_mut().filter(|it| waits_for_success(&it.job)) {
        let need = forecast.job.needs.iter().find(|need| open.contains(need));
        forecast.unknown.need = need.cloned();
    }
}

/// What a job calls is at least as unknown as the job.
fn spread_down(forecasts: &mut [JobForecast]) {
    for forecast in forecasts {
        let open = forecast.runs().is_none().then(|| forecast.job.id.clone());
        for called in &mut forecast.called {
            called
                .iter_mut()
                .for_each(|it| it.unknown.need = it.unknown.need.take().or(open.clone()));
            spread_down(called);
        }
    }
}

impl Play {
    fn of(plan: &RunPlan) -> Self {
        let (mut fates, mut entered) = (BTreeMap::new(), BTreeMap::new());
        let mut state = RunState::default();
        loop {
            let transitions = advance(plan, &state, Utc::now());
            let n_transitions = transitions.len();
            let mut is_over = false;
            for transition in transitions {
                state.apply(&transition);
                match transition {
                    Transition::Expand { job, legs, .. } => {
                        fates.insert(job, Fate::Runs(legs));
                    }
                    Transition::End { job, name, conclusion, reason } => {
                        fates.insert(job, Fate::Ends { name, conclusion, reason });
                    }
                    Transition::Enter { leg, jobs } => {
                        entered.insert(leg, jobs);
                    }
                    Transition::ConcludeRun { .. } => is_over = true,
                    _ => {}
                }
            }
            if is_over || n_transitions == 0 {
                let (written, inputs) = (plan.clone(), OpenInputs::default());
                return Self { written, inputs, state, fates, entered };
            }
            succeed(&mut state);
        }
    }
}

/// Everything that could be running has succeeded, and every concurrency group is free.
fn succeed(state: &mut RunState) {
    for job in state.jobs.values_mut() {
        let JobState::Expanded { legs, .. } = job else { continue };
        for leg in legs {
            if leg.status == LegStatus::Queued {
                leg.status = LegStatus::Completed(Conclusion::Success);
                leg.completed_order = Some(1);
            } else if leg.slot == SlotState::Pending {
                leg.slot = SlotState::Held;
            }
        }
    }
}
