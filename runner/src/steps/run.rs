//! `run` steps (`semantics` 5.4).

use std::borrow::Cow;

use gantry_workflow::model::RunDefaults;
use gantry_workflow::template::Token;

use super::environment::{ActionVariables, environment};
use super::execute::{StepEnd, StepPlace};
use super::head::print_environment;
use super::process::ProcessError;
use super::program::{self, Program};
use super::shell::Shell;
use crate::execution::{RunningJob, Scope};
use crate::infra_error::InfraError;
use crate::output::StepLog;
use crate::shim::NewFile;

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
    let begun = evaluate(job, step, place.scope).and_then(|script| {
        let program = program(job, &script, &place.process).map_err(ProcessError::NotStarted)?;
        Ok((script, program))
    });
    match begun {
        Ok((script, program)) => {
            // Where the shell is, is known when it runs.
            let head = |found: Option<&str>, log: &mut StepLog| {
                print_head(&script, found.unwrap_or(&script.shell.program), place.scope, log);
            };
            program::run(job, program, (place, head, explain), log).await
        }
        Err(ProcessError::Infra(error)) => Err(error),
        Err(ProcessError::NotStarted(message)) => {
            log.error(&message);
            Ok(StepEnd::failure())
        }
    }
}

fn explain(code: i32, log: &mut StepLog) {
    log.error(&format!("Process completed with exit code {code}."));
}

fn evaluate(job: &RunningJob, step: RunStep<'_>, scope: &Scope) -> Result<Script, ProcessError> {
    let environment =
        environment(job, scope, &ActionVariables::default()).map_err(ProcessError::Infra)?;
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

fn program(job: &RunningJob, script: &Script, process: &str) -> Result<Program, String> {
    let extension = script.shell.extension;
    let dot = if extension.is_empty() { "" } else { "." };
    let path = format!("{}/{process}{dot}{extension}", job.paths.file_commands());
    let mut arguments = vec![script.shell.program.clone()];
    arguments.extend(script.shell.arguments(&path)?);
    let contents = script.shell.script(&script.text).into_bytes();
    Ok(Program {
        arguments,
        fallback: script.shell.fallback,
        environment: script.environment.clone(),
        directory: script.directory.clone(),
        files: vec![NewFile { path, contents }],
    })
}
