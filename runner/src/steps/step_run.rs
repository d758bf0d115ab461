//! One step in GitHub's order: `env`, name, condition, execution, `continue-on-error`
//! (`semantics` 5.3). The same for the steps of a job and those of a composite action.
//!
//! Invariant: `env` is evaluated before `if`, and an error in either fails the step.

use gantry_protocol::Conclusion;
use gantry_workflow::expr::Expression;
use gantry_workflow::model::{Step, StepKind};
use indexmap::IndexMap;
use tokio::time::Instant;

use super::execute::{StepEnd, StepPlace, execute};
use super::process::Stop;
use super::stage::Stage;
use crate::execution::RunningJob;
use crate::execution::default_name;
use crate::execution::{ActionScope, Scope};
use crate::execution::{JobStatus, step_conclusion};
use crate::infra_error::InfraError;
use crate::output::{Effects, StepLog};

/// A step before it runs.
#[derive(Debug)]
pub(crate) struct PreparedStep {
    pub(crate) scope: Scope,
    pub(crate) name: String,
    /// Whether it runs, or why that cannot be told.
    pub(crate) condition: Result<bool, String>,
}

/// A step that has ended.
#[derive(Debug)]
pub(crate) struct EndedStep {
    pub(crate) outcome: Conclusion,
    pub(crate) conclusion: Conclusion,
    pub(crate) effects: Effects,
}

/// What is around a step.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    /// Name of the step's process.
    pub(crate) process: String,
    /// What the step's state is kept under.
    pub(crate) key: String,
    pub(crate) stage: Stage,
    pub(crate) action: Option<ActionScope>,
    /// `env` of the steps around it.
    pub(crate) environment: IndexMap<String, String>,
    /// Composite actions around it.
    pub(crate) depth: usize,
    /// When what is around it must have ended.
    pub(crate) deadline: Option<Instant>,
}

/// Evaluates what decides whether the step runs.
pub(crate) fn prepare(job: &RunningJob, step: &Step, around: &Surroundings) -> PreparedStep {
    let mut scope = scope(job, step, around);
    let environment = own_environment(job, step, &scope);
    if let Ok(own) = &environment {
        scope.own_environment.extend(own.clone());
        scope.environment.extend(own.clone());
    }
    let name = around.stage.name(display_name(job, step, &scope));
    let condition = environment.and_then(|_| {
        if is_under_way(job, around) {
            return Ok(true);
        }
        let met = job.evaluate(&scope, |e| around.stage.condition(step).evaluate(e));
        met.map(|met| met.truthy()).map_err(|error| error.message)
    });
    PreparedStep { scope, name: job.masks.mask(&name), condition }
}

/// An earlier runner was in the middle of the step's action, whose steps may have changed what the
/// condition looks at.
fn is_under_way(job: &RunningJob, around: &Surroundings) -> bool {
    job.state.record.progress.actions.levels.len() > around.depth
}

fn scope(job: &RunningJob, step: &Step, around: &Surroundings) -> Scope {
    let mut environment = job.state.record.progress.environment.clone();
    environment.extend(around.environment.clone());
    Scope {
        step_id: step.id.clone(),
        environment,
        own_environment: around.environment.clone(),
        action: around.action.clone(),
        running: None,
    }
}

fn own_environment(
    job: &RunningJob,
    step: &Step,
    scope: &Scope,
) -> Result<IndexMap<String, String>, String> {
    let Some(token) = &step.env else { return Ok(IndexMap::new()) };
    let texts = job.evaluate(scope, |e| token.evaluate_texts(e));
    texts.map(IndexMap::from_iter).map_err(|error| error.message)
}

fn display_name(job: &RunningJob, step: &Step, scope: &Scope) -> String {
    let evaluated = step.name.as_ref().map(|name| job.evaluate(scope, |e| name.evaluate_text(e)));
    if let Some(Ok(name)) = evaluated
        && !name.is_empty()
    {
        return name;
    }
    let script = match &step.kind {
        StepKind::Run { script, .. } => {
            job.evaluate(scope, |e| script.evaluate_text(e)).unwrap_or_default()
        }
        _ => String::new(),
    };
    default_name(step, &script)
}

/// Runs a step whose condition is met, or fails it when the condition could not be told.
pub(crate) async fn run(
    job: &mut RunningJob,
    step: &Step,
    (prepared, around): (&PreparedStep, &Surroundings),
    log: &mut StepLog,
) -> Result<EndedStep, InfraError> {
    let minutes = timeout_minutes(job, step, &prepared.scope);
    let end = match (&prepared.condition, &minutes) {
        (Err(message), _) | (_, Err(message)) => {
            log.error(message);
            StepEnd::failure()
        }
        (Ok(_), &Ok(minutes)) => {
            let place = StepPlace {
                process: around.process.clone(),
                key: around.key.clone(),
                stage: around.stage.clone(),
                scope: &prepared.scope,
                stop: stop(job, around.stage.condition(step), &prepared.scope)
                    .before(around.deadline, minutes),
                name: prepared.name.clone(),
                timeout_minutes: minutes,
                depth: around.depth,
            };
            execute(job, step, &place, log).await?
        }
    };
    let StepEnd { outcome, effects } = end;
    apply(job, &effects, &around.key);
    // Its steps have ended; what is around it goes on.
    job.state.record.progress.actions.levels.truncate(around.depth);
    if !effects.summary.is_empty() {
        let markdown = job.masks.mask(&effects.summary);
        job.reporter.summary((log.number(), &around.process), &markdown)?;
    }
    let continues = outcome == Conclusion::Failure && continues_on_error(job, step, prepared, log);
    Ok(EndedStep { outcome, conclusion: step_conclusion(outcome, continues), effects })
}

/// What outlives the step: variables, paths and masks count for all later steps of the job.
fn apply(job: &mut RunningJob, effects: &Effects, key: &str) {
    let progress = &mut job.state.record.progress;
    if !effects.state.is_empty() {
        let state = progress.actions.states.entry(key.to_owned()).or_default();
        state.extend(effects.state.clone());
    }
    progress.environment.extend(effects.environment.clone());
    progress.path.extend(effects.path.iter().cloned());
    progress.masks.extend(effects.masks.iter().cloned());
    if let Some(matchers) = &effects.matchers {
        progress.matchers.clone_from(matchers);
    }
}

/// Whole minutes; 0 for no limit.
fn timeout_minutes(job: &RunningJob, step: &Step, scope: &Scope) -> Result<u64, String> {
    let Some(token) = &step.timeout_minutes else { return Ok(0) };
    let minutes = job.evaluate(scope, |e| token.evaluate_number(e)).map_err(|e| e.message)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float is converted by saturation, which is what a limit wants"
    )]
    Ok(minutes as u64)
}

/// A step whose condition also holds in a cancelled job is not stopped by a cancellation.
fn stop(job: &RunningJob, condition: &Expression, scope: &Scope) -> Stop {
    let cancelled = JobStatus::Cancelled.view();
    let survives = job
        .evaluate_with(scope, &cancelled, |e| condition.evaluate(e))
        .is_ok_and(|met| met.truthy());
    let until_end = match job.cancel_deadline {
        Some(deadline) => deadline.saturating_duration_since(Instant::now()),
        None => job.cancel_timeout(),
    };
    Stop {
        signals: job.signals.clone(),
        survives_cancel_for: survives.then_some(until_end),
        deadline: None,
    }
}

fn continues_on_error(
    job: &RunningJob,
    step: &Step,
    prepared: &PreparedStep,
    log: &mut StepLog,
) -> bool {
    let Some(token) = &step.continue_on_error else { return false };
    match job.evaluate(&prepared.scope, |e| token.evaluate_boolean(e)) {
        Ok(continues) => continues,
        Err(error) => {
            log.error(&error.message);
            false
        }
    }
}
