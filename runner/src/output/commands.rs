//! What a step's output asks the runner to do, line by line.
//!
//! Does not apply effects that outlive the step: they are collected for the step loop. Invariant:
//! reading the same lines again gives the same log lines and the same effects, so a restarted runner
//! may read a spool from its start.

use gantry_protocol::Annotation;
use gantry_workflow::command::{self, Command, CommandFilter, FilterOptions, Outcome};
use indexmap::IndexMap;

use super::annotations::level;
use super::step_log::StepLog;

/// How commands are read in a step.
#[derive(Clone, Debug, Default)]
pub(crate) struct CommandOptions {
    /// `ACTIONS_STEP_DEBUG`
    pub(crate) debug: bool,
    pub(crate) allow_unsecure_commands: bool,
    pub(crate) allow_unsecure_stop_tokens: bool,
    /// Paths of annotations below this directory become relative to it.
    pub(crate) workspace: String,
}

/// What the step's commands and file commands ask for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Effects {
    pub(crate) outputs: IndexMap<String, String>,
    pub(crate) environment: IndexMap<String, String>,
    /// In the order they were added.
    pub(crate) path: Vec<String>,
    pub(crate) masks: Vec<String>,
    /// For the later stages of the same action.
    pub(crate) state: IndexMap<String, String>,
    /// A command was wrong; the step fails at its end.
    pub(crate) failed: bool,
}

/// Reads a step's output into its log.
#[derive(Debug)]
pub(crate) struct OutputReader {
    filter: CommandFilter,
    options: CommandOptions,
    pub(crate) effects: Effects,
}

impl OutputReader {
    pub(crate) fn new(options: CommandOptions) -> Self {
        let filter = CommandFilter::new(FilterOptions {
            echo: options.debug,
            allow_unsecure_commands: options.allow_unsecure_commands,
            allow_unsecure_stop_tokens: options.allow_unsecure_stop_tokens,
        });
        Self { filter, options, effects: Effects::default() }
    }

    pub(crate) fn line(&mut self, line: &str, log: &mut StepLog) {
        match self.filter.take(line) {
            Outcome::Plain => log.line(line),
            Outcome::Switched { mask } => {
                if let Some(token) = mask {
                    self.add_mask(&token, log);
                }
                log.line(line);
            }
            Outcome::Consumed { command, echo, warning } => {
                echo.iter().for_each(|echo| log.line(echo));
                warning.iter().for_each(|warning| log.warning(warning));
                self.carry_out(command, log);
            }
            Outcome::Refused { echo, level: of, message } => {
                echo.iter().for_each(|echo| log.line(echo));
                log.annotation(annotation(level(of), message, log.number()));
            }
            Outcome::Failed { echo, errors } => {
                echo.iter().for_each(|echo| log.line(echo));
                errors.iter().for_each(|error| log.error(error));
                self.effects.failed = true;
            }
        }
    }

    fn carry_out(&mut self, command: Command, log: &mut StepLog) {
        match command {
            Command::SetOutput { name, value } => drop(self.effects.outputs.insert(name, value)),
            Command::SetEnv { name, value } => drop(self.effects.environment.insert(name, value)),
            Command::AddPath(path) => self.effects.path.push(path),
            Command::AddMask(secret) => self.add_mask(&secret, log),
            Command::Debug(text) if self.options.debug => log.line(&format!("##[debug]{text}")),
            Command::Group(title) => log.line(&format!("##[group]{title}")),
            Command::EndGroup => log.line("##[endgroup]"),
            Command::Annotation(found) => {
                let annotation = self.annotation(found, log.number());
                log.annotation(annotation);
            }
            Command::AddMatcher(file) => {
                log.warning(&format!(
                    "Problem matchers are not supported yet: `{file}` is ignored."
                ));
            }
            Command::SaveState { name, value } => drop(self.effects.state.insert(name, value)),
            Command::Debug(_) | Command::RemoveMatcher { .. } | Command::Echo(_) => {}
        }
    }

    fn add_mask(&mut self, secret: &str, log: &mut StepLog) {
        match log.masks().add(secret) {
            Ok(()) => self.effects.masks.push(secret.to_owned()),
            Err(reason) => {
                log.error(&reason);
                self.effects.failed = true;
            }
        }
    }

    fn annotation(&self, found: command::Annotation, step_number: u32) -> Annotation {
        let number = |value: Option<i32>| value.and_then(|value| u32::try_from(value).ok());
        let below = format!("{}/", self.options.workspace);
        Annotation {
            title: found.title,
            path: found.file.map(|file| file.strip_prefix(&below).unwrap_or(&file).to_owned()),
            start_line: number(found.line),
            end_line: number(found.end_line).or(number(found.line)),
            start_column: number(found.column),
            end_column: number(found.end_column),
            ..annotation(level(found.level), found.message, step_number)
        }
    }
}

fn annotation(
    level: gantry_protocol::AnnotationLevel,
    message: String,
    step_number: u32,
) -> Annotation {
    Annotation {
        level,
        message,
        title: None,
        path: None,
        start_line: None,
        end_line: None,
        start_column: None,
        end_column: None,
        step_number,
        log_line: None,
    }
}
