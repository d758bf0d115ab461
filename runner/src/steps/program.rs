//! A program of a step in the job's container: a script or an action in JavaScript.
//!
//! Invariant: what the program asked for is known also when it failed.

use gantry_protocol::Conclusion;

use super::environment::command_options;
use super::execute::{StepEnd, StepPlace};
use super::file_commands::FileCommands;
use super::out_of_disk::check_disk;
use super::out_of_memory::explain_kill;
use super::process::{ProcessEnd, ProcessError, StopReason, follow_process, start_process};
use crate::execution::RunningJob;
use crate::infra_error::InfraError;
use crate::output::{OutputReader, StepLog};
use crate::shim::{NewFile, Start};

/// Exit code of a process that was ended by SIGKILL.
const KILLED: i32 = 137;

/// What is started, without what every process of a step gets.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) arguments: Vec<String>,
    /// Runs where the first argument is not found; empty for none.
    pub(super) fallback: &'static str,
    pub(super) environment: Vec<(String, String)>,
    pub(super) directory: String,
    pub(super) files: Vec<NewFile>,
}

/// Runs a program to its end. `head` prints what comes before its output and is told the program's
/// path when it runs; `explain` says what an exit code other than 0 means.
pub(super) async fn run(
    job: &RunningJob,
    program: Program,
    (place, head, explain): (
        &StepPlace<'_>,
        impl FnOnce(Option<&str>, &mut StepLog),
        impl Fn(i32, &mut StepLog),
    ),
    log: &mut StepLog,
) -> Result<StepEnd, InfraError> {
    match try_to_run(job, program, (place, head, explain), log).await {
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
    program: Program,
    (place, head, explain): (
        &StepPlace<'_>,
        impl FnOnce(Option<&str>, &mut StepLog),
        impl Fn(i32, &mut StepLog),
    ),
    log: &mut StepLog,
) -> Result<StepEnd, ProcessError> {
    let mut reader = OutputReader::new(command_options(job, &program.environment));
    let files = FileCommands::new(&job.paths.file_commands(), &place.process);
    let started = start_process(job, start(job, program, &files, &place.process)).await;
    head(started.as_ref().ok().map(|started| started.program.as_str()), log);
    started?;
    let end = follow_process(job, &place.process, &place.stop, (&mut reader, log)).await?;
    let mut effects = reader.effects;
    if end.wrote_files {
        let shim = job.shim().map_err(ProcessError::Infra)?;
        files.read(&shim, &mut effects, log).await.map_err(ProcessError::Infra)?;
    }
    if end.code == KILLED
        && end.stopped.is_none()
        && let Some(reason) = explain_kill(job).await
    {
        log.error(&reason);
    }
    if end.code != 0 {
        check_disk(job).map_err(ProcessError::Infra)?;
    }
    let outcome = match stopped(end, place, log) {
        Some(outcome) => outcome,
        None => {
            if end.code != 0 {
                explain(end.code, log);
            }
            let failed = end.code != 0 || effects.failed;
            if failed { Conclusion::Failure } else { Conclusion::Success }
        }
    };
    Ok(StepEnd { outcome, effects })
}

/// The outcome of a process that did not end by itself.
pub(super) fn stopped(
    end: ProcessEnd,
    place: &StepPlace<'_>,
    log: &mut StepLog,
) -> Option<Conclusion> {
    match end.stopped? {
        StopReason::Cancelled => {
            log.error("The operation was canceled.");
            Some(Conclusion::Cancelled)
        }
        StopReason::TimedOut => {
            let (name, minutes) = (&place.name, place.timeout_minutes);
            log.error(&format!("The action '{name}' has timed out after {minutes} minutes."));
            Some(Conclusion::Failure)
        }
    }
}

fn start(job: &RunningJob, program: Program, files: &FileCommands, process: &str) -> Start {
    let Program { arguments, fallback, mut environment, directory, files: own } = program;
    environment.extend(files.variables());
    let mut new_files = files.new_files();
    new_files.extend(own);
    Start {
        process: process.to_owned(),
        arguments,
        fallback: fallback.to_owned(),
        environment,
        directory,
        user: job.state.record.containers.as_ref().map(|c| c.user.clone()).unwrap_or_default(),
        files: new_files,
    }
}
