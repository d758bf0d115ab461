//! The jobs of a run, as the state machine creates them when every job succeeds.
//!
//! Pure but for the clock. Decides nothing itself. Invariant: each job of the file comes out once, in
//! the order of the file.

use std::collections::BTreeMap;

use chrono::Utc;
use gantry_workflow::advance::{
    Conclusion, JobState, LegStatus, NewLeg, RunState, SlotState, Transition, advance,
};
use gantry_workflow::model::{Job, JobId, Workflow};
use gantry_workflow::plan::RunPlan;

use super::unknown::{self, Unknown};

/// What becomes of one job of the file.
#[derive(Debug)]
pub(super) struct JobForecast {
    pub(super) job: Job,
    pub(super) unknown: Unknown,
    pub(super) fate: Fate,
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

    /// The `if` as it stands in the file: the reader puts `success() && (...)` around one that calls
    /// no status function.
    pub(super) fn written_condition(&self) -> Option<&str> {
        let text = self.job.condition.text();
        let inner = text.strip_prefix("success() && (").and_then(|rest| rest.strip_suffix(')'));
        Some(inner.unwrap_or(text)).filter(|text| *text != "success()")
    }
}

/// Plays `plan`, in which what is unknown has been replaced, for the jobs of `written`.
pub(super) fn simulate(plan: &RunPlan, written: Workflow) -> Vec<JobForecast> {
    let mut fates = fates(plan);
    let forecast = |job: Job| JobForecast {
        unknown: unknown::of(&job),
        fate: fates.remove(&job.id).unwrap_or(Fate::Waits),
        job,
    };
    let mut forecasts: Vec<_> = written.jobs.into_iter().map(forecast).collect();
    for _ in 0..forecasts.len() {
        spread(&mut forecasts);
    }
    forecasts
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

fn fates(plan: &RunPlan) -> BTreeMap<JobId, Fate> {
    let mut fates = BTreeMap::new();
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
                Transition::ConcludeRun { .. } => is_over = true,
                _ => {}
            }
        }
        if is_over || n_transitions == 0 {
            return fates;
        }
        succeed(&mut state);
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
