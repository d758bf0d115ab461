//! Composite actions: steps within a step (`semantics` 5.15).
//!
//! After each inner step the job is saved, with the place in the step's log, so a restarted runner
//! goes on with the inner step that was running. Invariant: the steps of an action see its inputs and
//! its own `steps`, and no secrets.

use gantry_protocol::Conclusion;
use gantry_workflow::expr::Value;
use gantry_workflow::model::{Action, ActionRuns, Step};
use indexmap::IndexMap;

use super::action::Failure;
use super::execute::{StepEnd, StepPlace};
use super::stage::Stage;
use super::step_run::{self, Surroundings};
use crate::actions::{self, LoadedAction, MOST_DEPTH};
use crate::execution::{ActionScope, JobStatus, Level, LogPosition, RunningJob, Scope, StepResult};
use crate::infra_error::InfraError;
use crate::output::{Effects, StepLog};

/// Runs the stage of an action whose inputs are evaluated.
pub(super) async fn run(
    job: &mut RunningJob,
    (loaded, inputs): (LoadedAction, IndexMap<String, String>),
    place: &StepPlace<'_>,
    log: &mut StepLog,
) -> Result<StepEnd, Failure> {
    if place.depth > MOST_DEPTH {
        return Err(Failure::Step(actions::too_deep()));
    }
    let mut scope = actions::bare_scope(&loaded);
    let inputs = inputs.into_iter().map(|(name, value)| (name, Value::string(value)));
    scope.inputs = Value::object(inputs);
    let progress = &mut job.state.record.progress;
    if let Stage::Post { .. } = place.stage {
        scope.steps = progress.actions.results.get(&place.key).cloned().unwrap_or_default();
    }
    progress.actions.levels.push(Level {
        action: loaded.action,
        name: place.name.clone(),
        scope,
        environment: place.scope.own_environment.clone(),
        status: JobStatus::Success,
        n_ended: 0,
    });
    Ok(go_on(job, place, log).await?)
}

/// Goes on with the action of the step's depth that is under way.
pub(super) async fn go_on(
    job: &mut RunningJob,
    place: &StepPlace<'_>,
    log: &mut StepLog,
) -> Result<StepEnd, InfraError> {
    let depth = place.depth;
    let Some(level) = job.state.record.progress.actions.levels.get(depth) else {
        return Ok(StepEnd::failure());
    };
    let (steps, outputs) = parts(&level.action);
    let stages = stages(job, &steps, &level.scope.clone(), place);
    while let Some(level) = job.state.record.progress.actions.levels.get(depth)
        && let Some((index, stage)) = stages.get(level.n_ended)
        && let Some(step) = steps.get(*index)
    {
        run_step(job, (step, *index, stage), place, log).await?;
        save(job, depth, log).await?;
    }
    Ok(end(job, &outputs, place, log))
}

type Outputs = Vec<(String, Option<gantry_workflow::template::Token>)>;

fn parts(action: &Action) -> (Vec<Step>, Outputs) {
    match &action.runs {
        ActionRuns::Composite(steps) => (steps.clone(), action.outputs.clone()),
        ActionRuns::Node(_) | ActionRuns::Docker(_) => (Vec::new(), Vec::new()),
    }
}

/// What this stage of the action is made of: steps by index, each with the stage it is in.
fn stages(
    job: &RunningJob,
    steps: &[Step],
    scope: &ActionScope,
    place: &StepPlace<'_>,
) -> Vec<(usize, Stage)> {
    match &place.stage {
        Stage::Main => (0..steps.len()).map(|index| (index, Stage::Main)).collect(),
        Stage::Pre { .. } => {
            let stage = |(index, step): (usize, &Step)| {
                let condition = actions::pre_condition(job, step, Some(scope))?;
                Some((index, Stage::Pre { condition }))
            };
            steps.iter().enumerate().filter_map(stage).collect()
        }
        Stage::Post { .. } => {
            let posts = job.state.record.progress.actions.posts_of(&place.key).into_iter();
            posts.map(|post| (post.index, Stage::from(post))).collect()
        }
    }
}

async fn run_step(
    job: &mut RunningJob,
    (step, index, stage): (&Step, usize, &Stage),
    place: &StepPlace<'_>,
    log: &mut StepLog,
) -> Result<(), InfraError> {
    let is_cancelled = job.note_cancellation();
    let Some(around) = surroundings(job, (index, stage), place, is_cancelled) else {
        return Ok(());
    };
    let prepared = step_run::prepare(job, step, &around);
    let result = if matches!(prepared.condition, Ok(false)) {
        let (outcome, outputs) = (Conclusion::Skipped, IndexMap::new());
        StepResult { outputs, outcome, conclusion: outcome }
    } else {
        let ended = step_run::run(job, step, (&prepared, &around), log).await?;
        let outputs = ended.effects.outputs;
        StepResult { outputs, outcome: ended.outcome, conclusion: ended.conclusion }
    };
    if let Some(level) = job.state.record.progress.actions.levels.get_mut(place.depth) {
        level.n_ended += 1;
        level.status = match result.conclusion {
            Conclusion::Cancelled => JobStatus::Cancelled,
            other => level.status.after(other),
        };
        if stage.is_main() {
            level.scope.steps.insert(step.id.clone(), result);
        }
    }
    Ok(())
}

/// What is around the next step of the action under way.
fn surroundings(
    job: &mut RunningJob,
    (index, stage): (usize, &Stage),
    place: &StepPlace<'_>,
    is_cancelled: bool,
) -> Option<Surroundings> {
    let job_status = job.state.record.progress.status;
    let level = job.state.record.progress.actions.levels.get_mut(place.depth)?;
    // What also runs in a cancelled job is not cancelled by it.
    if is_cancelled && place.stop.survives_cancel_for.is_none() {
        level.status = JobStatus::Cancelled;
    }
    // The conditions of pre and post stages are about the job (`semantics` 1.9).
    level.scope.status = if stage.is_main() { level.status } else { job_status.max(level.status) };
    Some(Surroundings {
        process: format!("{}.{}", place.process, index + 1),
        key: format!("{}.{index}", place.key),
        stage: stage.clone(),
        action: Some(level.scope.clone()),
        environment: level.environment.clone(),
        depth: place.depth + 1,
        deadline: place.stop.deadline,
    })
}

/// From here on what has ended is not repeated, nor is its part of the log.
async fn save(job: &mut RunningJob, depth: usize, log: &mut StepLog) -> Result<(), InfraError> {
    log.send().await;
    let (lines, annotations) = log.position();
    let actions = &mut job.state.record.progress.actions;
    actions.levels.truncate(depth + 1);
    actions.log = Some(LogPosition { lines, annotations });
    job.save()
}

/// Evaluates the declared outputs; the steps' other effects have been applied already.
fn end(
    job: &mut RunningJob,
    outputs: &Outputs,
    place: &StepPlace<'_>,
    log: &mut StepLog,
) -> StepEnd {
    let Some(level) = job.state.record.progress.actions.levels.get(place.depth) else {
        return StepEnd::failure();
    };
    let (action, status) = (level.scope.clone(), level.status);
    let mut effects = Effects::default();
    if place.stage.is_main() {
        let steps = action.steps.clone();
        let scope = Scope { action: Some(action), ..place.scope.clone() };
        for (name, token) in outputs {
            let Some(token) = token else { continue };
            match job.evaluate(&scope, |e| token.evaluate_text(e)) {
                Ok(value) => drop(effects.outputs.insert(name.clone(), value)),
                Err(error) => log.error(&error.message),
            }
        }
        let actions = &mut job.state.record.progress.actions;
        if actions.posts.contains_key(&place.key) {
            actions.results.insert(place.key.clone(), steps);
        }
    }
    StepEnd { outcome: status.conclusion(None), effects }
}
