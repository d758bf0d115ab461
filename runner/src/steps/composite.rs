//! Actions that are not built in. Composite ones run their steps here (`semantics` 5.15); the other
//! kinds fail the step and say so.
//!
//! Invariant: the steps of an action see its inputs and its own `steps`, and no secrets.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_protocol::Conclusion;
use gantry_workflow::expr::Value;
use gantry_workflow::model::{Action, ActionRuns, Step, Uses};
use indexmap::IndexMap;

use super::checkout::print_head;
use super::execute::{StepEnd, StepPlace};
use super::step_run::{self, Surroundings};
use crate::actions::{
    LARGEST_MANIFEST_BYTES, MANIFEST_FILES, MOST_DEPTH, directory_of, read_manifest,
};
use crate::execution::{ActionScope, JobStatus, RunningJob, Scope, StepResult, uses_text};
use crate::infra_error::InfraError;
use crate::output::{Effects, StepLog};
use crate::shim::ShimError;

/// Runs an action whose inputs are evaluated. A recursive function has to name its future.
pub(super) fn run<'a>(
    job: &'a mut RunningJob,
    (uses, inputs): (&'a Uses, &'a IndexMap<String, String>),
    place: &'a StepPlace<'a>,
    log: &'a mut StepLog,
) -> BoxFuture<'a, Result<StepEnd, InfraError>> {
    async move {
        print_head(inputs, place.scope, log);
        match load(job, uses, place).await? {
            Ok((manifest, steps)) => {
                let mut action = scope(job, uses, (&manifest, inputs), place);
                run_steps(job, &steps, (&mut action, place), log).await?;
                let scope = Scope { action: Some(action), ..place.scope.clone() };
                Ok(end(job, &manifest, &scope, log))
            }
            Err(message) => {
                log.error(&message);
                Ok(StepEnd::failure())
            }
        }
    }
    .boxed()
}

/// Reads the action's description as a process of the job would.
async fn load(
    job: &RunningJob,
    uses: &Uses,
    place: &StepPlace<'_>,
) -> Result<Result<(Action, Vec<Step>), String>, InfraError> {
    if place.depth > MOST_DEPTH {
        return Ok(Err(format!("Composite action depth exceeded max depth {MOST_DEPTH}")));
    }
    let directory = directory_of(&job.paths, &job.workspace(), uses);
    let paths = MANIFEST_FILES.map(|name| format!("{directory}/{name}")).to_vec();
    let files = match job.shim()?.read_files(paths, LARGEST_MANIFEST_BYTES).await {
        Ok(files) => files,
        Err(ShimError::Refused(message)) => return Ok(Err(message)),
        Err(error) => return Err(InfraError::Shim { reason: error.to_string() }),
    };
    let found = MANIFEST_FILES.iter().zip(files).find_map(|(name, text)| Some((name, text?)));
    let Some((file, text)) = found else {
        return Ok(Err(format!(
            "Can't find 'action.yml', 'action.yaml' or 'Dockerfile' under '{directory}'. Did you \
             forget to run actions/checkout before running your local action?"
        )));
    };
    let path = format!("{directory}/{file}");
    // As GitHub's runner names it: without the place of all actions.
    let path = path.trim_start_matches(&format!("{}/", job.paths.actions()));
    Ok(read_manifest(path, &String::from_utf8_lossy(&text))
        .and_then(|action| take_steps(uses, action)))
}

/// The steps of a composite action, and the rest of it.
fn take_steps(uses: &Uses, mut action: Action) -> Result<(Action, Vec<Step>), String> {
    let using = match &mut action.runs {
        ActionRuns::Composite(steps) => {
            let steps = std::mem::take(steps);
            return Ok((action, steps));
        }
        ActionRuns::Node(node) => node.using.as_str(),
        ActionRuns::Docker(_) => "docker",
    };
    let name = uses_text(uses);
    Err(format!("Action `{name}` runs with `{using}`, which is not supported yet."))
}

fn scope(
    job: &RunningJob,
    uses: &Uses,
    (action, given): (&Action, &IndexMap<String, String>),
    place: &StepPlace<'_>,
) -> ActionScope {
    let declared = action.inputs.iter().map(|input| {
        let name = input.name.to_lowercase();
        let value = given.get(&name).cloned().unwrap_or_else(|| {
            let default = input.default.as_ref();
            let text = default.map(|token| job.evaluate(place.scope, |e| token.evaluate_text(e)));
            text.and_then(Result::ok).unwrap_or_default()
        });
        (name, Value::string(value))
    });
    let (repository, git_ref) = match uses {
        Uses::Repository { owner, repository, git_ref, .. } => {
            (format!("{owner}/{repository}"), git_ref.clone())
        }
        Uses::Local { .. } | Uses::Docker { .. } | Uses::SelfRepository { .. } => {
            (String::new(), String::new())
        }
    };
    ActionScope {
        path: directory_of(&job.paths, &job.workspace(), uses),
        repository,
        git_ref,
        inputs: Value::object(declared),
        steps: IndexMap::new(),
        status: JobStatus::Success,
    }
}

async fn run_steps(
    job: &mut RunningJob,
    steps: &[Step],
    (action, place): (&mut ActionScope, &StepPlace<'_>),
    log: &mut StepLog,
) -> Result<(), InfraError> {
    for (index, step) in steps.iter().enumerate() {
        if job.note_cancellation() {
            action.status = JobStatus::Cancelled;
        }
        let around = Surroundings {
            process: format!("{}.{}", place.process, index + 1),
            action: Some(action.clone()),
            environment: place.scope.own_environment.clone(),
            depth: place.depth + 1,
            deadline: place.stop.deadline,
        };
        let prepared = step_run::prepare(job, step, &around);
        let result = if matches!(prepared.condition, Ok(false)) {
            let (outcome, outputs) = (Conclusion::Skipped, IndexMap::new());
            StepResult { outputs, outcome, conclusion: outcome }
        } else {
            let ended = step_run::run(job, step, (&prepared, &around), log).await?;
            StepResult {
                outputs: ended.effects.outputs,
                outcome: ended.outcome,
                conclusion: ended.conclusion,
            }
        };
        action.status = match result.conclusion {
            Conclusion::Cancelled => JobStatus::Cancelled,
            other => action.status.after(other),
        };
        action.steps.insert(step.id.clone(), result);
    }
    Ok(())
}

/// Evaluates the declared outputs; the steps' other effects have been applied already.
fn end(job: &RunningJob, action: &Action, scope: &Scope, log: &mut StepLog) -> StepEnd {
    let status = scope.action.as_ref().map(|action| action.status).unwrap_or_default();
    let mut effects = Effects::default();
    for (name, token) in &action.outputs {
        let Some(token) = token else { continue };
        match job.evaluate(scope, |e| token.evaluate_text(e)) {
            Ok(value) => drop(effects.outputs.insert(name.clone(), value)),
            Err(error) => log.error(&error.message),
        }
    }
    StepEnd { outcome: status.conclusion(None), effects }
}
