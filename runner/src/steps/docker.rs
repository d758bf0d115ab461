//! Actions in containers of their own, and `docker://` images as steps (`semantics` 5.14).
//!
//! The container's name only depends on the step's place, and the engine keeps its output until the job
//! is removed, so a restarted runner reads it from the beginning. Invariant: the action sees the job's
//! directories and nothing else of the runner's machine.

use std::sync::OnceLock;

use gantry_protocol::Conclusion;
use gantry_workflow::expr::Value;
use gantry_workflow::model::DockerAction;
use indexmap::IndexMap;
use tokio::time::sleep;

use super::action::Failure;
use super::environment::{action_variables, command_options, container_environment};
use super::execute::{StepEnd, StepPlace};
use super::file_commands::FileCommands;
use super::process::{LADDER, ProcessEnd, StopReason};
use super::program::stopped;
use super::stage::Stage;
use crate::actions::{self, ActionPlace, ImageSource};
use crate::container::{ActionContainer, ActionMounts, ContainerSpec, confine};
use crate::execution::{ActionScope, RunningAction, RunningJob, Scope, is_debug};
use crate::infra_error::InfraError;
use crate::output::{OutputReader, StepLog, follow_stream};
use crate::words::split_words;

/// Where the action finds the files of its file commands.
const FILE_COMMANDS: &str = "/github/file_commands";

type Inputs = IndexMap<String, String>;

/// One container to run.
struct Run {
    image: ImageSource,
    entrypoint: Option<String>,
    arguments: Vec<String>,
    /// What the action sets unless it is set already.
    environment: Vec<(String, String)>,
    running: RunningAction,
}

/// Runs the stage of an action.
pub(super) async fn run_action(
    job: &RunningJob,
    (action, at, inputs): (&DockerAction, &ActionPlace, &Inputs),
    place: &StepPlace<'_>,
    log: &mut StepLog,
) -> Result<StepEnd, Failure> {
    let entrypoint = match place.stage {
        Stage::Main => action.entrypoint.clone().or_else(|| input(inputs, "entryPoint")),
        Stage::Pre { .. } => action.pre_entrypoint.clone(),
        Stage::Post { .. } => action.post_entrypoint.clone(),
    };
    let around = place.scope.action.clone().unwrap_or_default();
    let values = inputs.iter().map(|(name, value)| (name.clone(), Value::string(value.as_str())));
    let own = ActionScope { inputs: Value::object(values), ..around };
    let scope = Scope { action: Some(own), ..place.scope.clone() };
    let text = |error: gantry_workflow::expr::EvalError| error.message;
    let arguments = match &action.args {
        Some(tokens) => {
            let each = tokens.iter().map(|token| job.evaluate(&scope, |e| token.evaluate_text(e)));
            each.collect::<Result<_, _>>().map_err(text)?
        }
        None => words(inputs)?,
    };
    let environment = match &action.env {
        Some(token) => job.evaluate(&scope, |e| token.evaluate_texts(e)).map_err(text)?,
        None => Vec::new(),
    };
    let image = actions::image_source(job, action, (at, &place.key))?;
    let running = RunningAction { repository: at.repository.clone(), git_ref: at.git_ref.clone() };
    let run = Run { image, entrypoint, arguments, environment, running };
    run_container(job, (run, inputs), place, log).await
}

/// Runs an image that a step names.
pub(super) async fn run_image(
    job: &RunningJob,
    (image, inputs): (&str, &Inputs),
    place: &StepPlace<'_>,
    log: &mut StepLog,
) -> Result<StepEnd, Failure> {
    let run = Run {
        image: ImageSource::Pull(image.to_owned()),
        entrypoint: input(inputs, "entryPoint"),
        arguments: words(inputs)?,
        environment: Vec::new(),
        running: RunningAction { repository: String::new(), git_ref: String::new() },
    };
    run_container(job, (run, inputs), place, log).await
}

fn input(inputs: &Inputs, name: &str) -> Option<String> {
    let found = inputs.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
}

/// `with.args`, as a shell splits it.
fn words(inputs: &Inputs) -> Result<Vec<String>, String> {
    let text = input(inputs, "args").unwrap_or_default();
    split_words(&text).ok_or_else(|| "a quote in `args` is not closed".to_owned())
}

async fn run_container(
    job: &RunningJob,
    (run, inputs): (Run, &Inputs),
    place: &StepPlace<'_>,
    log: &mut StepLog,
) -> Result<StepEnd, Failure> {
    actions::provide_image(job, &run.image, log).await??;
    let scope = Scope { running: Some(run.running.clone()), ..place.scope.clone() };
    let variables = action_variables(job, inputs, &place.key);
    let mut environment = container_environment(job, &scope, &variables);
    for (name, value) in &run.environment {
        if environment.iter().all(|(other, _)| other != name) {
            environment.push((name.clone(), value.clone()));
        }
    }
    let files = FileCommands::new(FILE_COMMANDS, &place.process);
    let options = command_options(job, &environment);
    environment.extend(files.variables());
    let directory = job.directory.container_files(&place.process);
    files.create(&directory).map_err(InfraError::disk("making files in", &directory))?;
    let container = container(job, run, environment, place);
    let name = job.host.backend.start_action(&container).await?;
    let mut reader = OutputReader::new(options);
    let end = follow(job, &name, place, (&mut reader, log)).await?;
    let mut effects = reader.effects;
    files.take(&directory, &mut effects, log);
    let outcome = stopped(end, place, log).unwrap_or_else(|| {
        if is_debug(&job.state.message) {
            let code = end.code;
            log.line(&format!("##[debug]Docker Action run completed with exit code {code}"));
        }
        if end.code != 0 {
            log.error(&format!("Docker run failed with exit code {}", end.code));
        }
        let failed = end.code != 0 || effects.failed;
        if failed { Conclusion::Failure } else { Conclusion::Success }
    });
    Ok(StepEnd { outcome, effects })
}

fn container(
    job: &RunningJob,
    run: Run,
    environment: Vec<(String, String)>,
    place: &StepPlace<'_>,
) -> ActionContainer {
    let containers = job.state.record.containers.as_ref();
    let repository = job.repository().to_owned();
    let mut spec = ContainerSpec {
        image: run.image.name().to_owned(),
        environment,
        network: containers.and_then(|containers| containers.network.clone()),
        entrypoint: run.entrypoint.map(|entrypoint| vec![entrypoint]),
        command: (!run.arguments.is_empty()).then_some(run.arguments),
        ..ContainerSpec::default()
    };
    confine(&mut spec, job.limits());
    ActionContainer {
        owner: job.owner(),
        process: place.process.clone(),
        spec,
        mounts: ActionMounts {
            work: job.directory.work(),
            workspace: vec![repository.clone(), repository],
            file_commands: job.directory.container_files(&place.process),
        },
        docker_socket: job.docker_socket(),
        job_container: containers.map(|containers| containers.job.clone()).unwrap_or_default(),
    }
}

/// Reads the container's output to its end, and stops it when it must not go on.
async fn follow(
    job: &RunningJob,
    name: &str,
    place: &StepPlace<'_>,
    (reader, log): (&mut OutputReader, &mut StepLog),
) -> Result<ProcessEnd, InfraError> {
    let backend = &job.host.backend;
    let reason = OnceLock::new();
    let ended = async {
        follow_stream(&*job.shim()?, backend.action_output(name), reader, log).await?;
        backend.wait_for(name).await
    };
    let code = tokio::select! {
        code = ended => code?,
        error = end_when_told(job, name, place, &reason) => return Err(error),
    };
    let code = i32::try_from(code).unwrap_or(i32::MAX);
    Ok(ProcessEnd { code, stopped: reason.get().copied(), wrote_files: true })
}

/// Climbs the ladder of signals; returns only when the engine does not take one.
async fn end_when_told(
    job: &RunningJob,
    name: &str,
    place: &StepPlace<'_>,
    reason: &OnceLock<StopReason>,
) -> InfraError {
    let told = place.stop.told().await;
    reason.get_or_init(|| told);
    for (signal, grace) in LADDER {
        if let Err(error) = job.host.backend.signal(name, signal.as_str()).await {
            return error;
        }
        sleep(grace).await;
    }
    // The end of its output is noticed by whoever reads it.
    std::future::pending().await
}
