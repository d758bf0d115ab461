//! `run` steps (`semantics` 5.4).

use std::borrow::Cow;

use gantry_protocol::Conclusion;
use gantry_workflow::model::RunDefaults;
use gantry_workflow::template::Token;

use super::execute::{StepEnd, StepPlace};
use super::file_commands::FileCommands;
use super::process::{ProcessEnd, ProcessError, StopReason, follow_process, start_process};
use super::shell::Shell;
use crate::execution::{
    EnvironmentParts, RunningJob, Scope, is_debug, process_environment, runner_variables,
};
use crate::infra_error::InfraError;
use crate::output::{CommandOptions, OutputReader, StepLog};
use crate::shim::{NewFile, Start};

/// A `run` step as the workflow writes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct RunStep<'a> {
    pub(super) script: &'a Token,
    pub(super) shell: Option<&'a Token>,
    pub(super) working_directory: Option<&'a Token>,
}

/// A `run` step with everything evaluated.
struct Script {
    text: String,
    shell: Shell,
    directory: String,
    environment: Vec<(String, String)>,
}

/// Runs the script; what is wrong with the step itself is a failure in its log.
pub(super) async fn run(
    job: &RunningJob,
    step: RunStep<'_>,
    place: &StepPlace<'_>,
    log: &mut StepLog,
) -> Result<StepEnd, InfraError> {
    match try_to_run(job, step, place, log).await {
        Ok(end) => Ok(end),
        Err(ProcessError::Infra(error)) => Err(error),
        Err(ProcessError::NotStarted(message)) => {
            log.error(&message);
            Ok(StepEnd::failure())
        }
    }
}

async fn try_to_run(
    job: &RunningJob,
    step: RunStep<'_>,
    place: &StepPlace<'_>,
    log: &mut StepLog,
) -> Result<StepEnd, ProcessError> {
    let script = evaluate(job, step, place.scope)?;
    let files = FileCommands::new(&job.paths.file_commands(), &place.process);
    let start = start(job, &script, &files, &place.process).map_err(ProcessError::NotStarted)?;
    // Where the shell is, is known when it runs.
    let started = start_process(job, start).await;
    let program = started.as_ref().map_or(&script.shell.program, |started| &started.program);
    print_head(&script, program, place.scope, log);
    started?;
    let mut reader = OutputReader::new(command_options(job, &script.environment));
    let end = follow_process(job, &place.process, &place.stop, (&mut reader, log)).await?;
    let mut effects = reader.effects;
    if end.wrote_files {
        let shim = job.shim().map_err(ProcessError::Infra)?;
        files.read(&shim, &mut effects, log).await.map_err(ProcessError::Infra)?;
    }
    let outcome = outcome(end, effects.failed, place, log);
    Ok(StepEnd { outcome, effects })
}

fn outcome(
    end: ProcessEnd,
    command_failed: bool,
    place: &StepPlace<'_>,
    log: &mut StepLog,
) -> Conclusion {
    match end.stopped {
        Some(StopReason::Cancelled) => {
            log.error("The operation was canceled.");
            return Conclusion::Cancelled;
        }
        Some(StopReason::TimedOut) => {
            let (name, minutes) = (&place.name, place.timeout_minutes);
            log.error(&format!("The action '{name}' has timed out after {minutes} minutes."));
            return Conclusion::Failure;
        }
        None => {}
    }
    if end.code != 0 {
        log.error(&format!("Process completed with exit code {}.", end.code));
    }
    if end.code != 0 || command_failed { Conclusion::Failure } else { Conclusion::Success }
}

fn evaluate(job: &RunningJob, step: RunStep<'_>, scope: &Scope) -> Result<Script, ProcessError> {
    let environment = environment(job, scope).map_err(ProcessError::Infra)?;
    let (text, shell, directory) =
        evaluate_texts(job, step, scope).map_err(ProcessError::NotStarted)?;
    let shell = match shell {
        Some(text) => Shell::parse(&text).map_err(ProcessError::NotStarted)?,
        None => Shell::unset(job.steps.container.is_some()),
    };
    Ok(Script { text, shell, directory, environment })
}

/// Script, shell and working directory.
fn evaluate_texts(
    job: &RunningJob,
    step: RunStep<'_>,
    scope: &Scope,
) -> Result<(String, Option<String>, String), String> {
    let evaluate = |token: &Token| {
        let text = job.evaluate(scope, |e| token.evaluate_text(e));
        text.map_err(|error| error.message)
    };
    // Defaults never reach the steps of an action.
    let defaults = match scope.action {
        Some(_) => RunDefaults::default(),
        None => defaults(job, scope)?,
    };
    let shell = step.shell.or(defaults.shell.as_ref()).map(evaluate).transpose()?;
    let directory = match step.working_directory.or(defaults.working_directory.as_ref()) {
        Some(token) => evaluate(token)?,
        None => String::new(),
    };
    let workspace = job.workspace();
    let directory = match directory.as_str() {
        "" => workspace,
        absolute if absolute.starts_with('/') => absolute.to_owned(),
        relative => format!("{workspace}/{relative}"),
    };
    Ok((evaluate(step.script)?, shell.filter(|shell| !shell.is_empty()), directory))
}

/// A job's map replaces the workflow's as a whole.
fn defaults(job: &RunningJob, scope: &Scope) -> Result<RunDefaults, String> {
    let own = &job.steps.defaults;
    let own = job.evaluate(scope, |e| own.resolve(e).map(Cow::into_owned));
    let own = own.map_err(|error| error.message)?;
    if own.shell.is_some() || own.working_directory.is_some() {
        return Ok(own);
    }
    Ok(job.state.message.workflow.defaults.clone())
}

fn environment(job: &RunningJob, scope: &Scope) -> Result<Vec<(String, String)>, InfraError> {
    let shim = job.shim()?;
    let mut image = shim.environment().to_vec();
    if let Some(containers) = &job.state.record.containers {
        image.extend(containers.environment.iter().cloned());
    }
    let nothing = indexmap::IndexMap::new();
    Ok(process_environment(&EnvironmentParts {
        image: &image,
        home: &job.paths.home,
        job: &nothing,
        step: &scope.environment,
        action: &nothing,
        runner: runner_variables(job.view(), scope),
        path: &job.state.record.progress.path,
    }))
}

fn command_options(job: &RunningJob, environment: &[(String, String)]) -> CommandOptions {
    let allows = |wanted: &str| {
        let found = environment.iter().find(|(name, _)| name == wanted);
        found.is_some_and(|(_, value)| value.eq_ignore_ascii_case("true"))
    };
    CommandOptions {
        debug: is_debug(&job.state.message),
        allow_unsecure_commands: allows("ACTIONS_ALLOW_UNSECURE_COMMANDS"),
        allow_unsecure_stop_tokens: allows("ACTIONS_ALLOW_UNSECURE_STOPCOMMAND_TOKENS"),
        workspace: job.workspace(),
    }
}

fn print_head(script: &Script, program: &str, scope: &Scope, log: &mut StepLog) {
    let text = script.text.trim_end_matches('\n');
    log.line(&format!("##[group]Run {}", text.lines().next().unwrap_or_default()));
    for line in text.lines() {
        log.line(&format!("\u{1b}[36;1m{line}\u{1b}[0m"));
    }
    log.line(&format!("shell: {}", script.shell.display(program)));
    print_environment(scope, log);
    log.line("##[endgroup]");
}

pub(super) fn print_environment(scope: &Scope, log: &mut StepLog) {
    if !scope.environment.is_empty() {
        log.line("env:");
        for (name, value) in &scope.environment {
            log.line(&format!("  {name}: {value}"));
        }
    }
}

fn start(
    job: &RunningJob,
    script: &Script,
    files: &FileCommands,
    process: &str,
) -> Result<Start, String> {
    let extension = script.shell.extension;
    let dot = if extension.is_empty() { "" } else { "." };
    let path = format!("{}/{process}{dot}{extension}", job.paths.file_commands());
    let mut arguments = vec![script.shell.program.clone()];
    arguments.extend(script.shell.arguments(&path)?);
    let mut environment = script.environment.clone();
    environment.extend(files.variables());
    let mut new_files = files.new_files();
    let contents = script.shell.script(&script.text).into_bytes();
    new_files.push(NewFile { path, contents });
    Ok(Start {
        process: process.to_owned(),
        arguments,
        fallback: script.shell.fallback.to_owned(),
        environment,
        directory: script.directory.clone(),
        user: job.state.record.containers.as_ref().map(|c| c.user.clone()).unwrap_or_default(),
        files: new_files,
    })
}
