//! What a step's output asks the runner to do, line by line.
//!
//! Does not apply effects that outlive the step: they are collected for the step loop. Invariant:
//! reading the same lines again gives the same log lines and the same effects, so a restarted runner
//! may read a spool from its start.

use std::ops::ControlFlow;

use gantry_protocol::Annotation;
use gantry_workflow::command::{
    self, Command, CommandFilter, FilterOptions, MatcherConfig, Outcome,
};
use indexmap::IndexMap;

use super::annotations::{annotation, level};
use super::problems::Problems;
use super::source_files::SourceFiles;
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
    /// Where the files are that problem matchers find.
    pub(crate) sources: Option<SourceFiles>,
    /// That earlier steps have added.
    pub(crate) matchers: Vec<MatcherConfig>,
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
    /// All problem matchers, if the step has changed them.
    pub(crate) matchers: Option<Vec<MatcherConfig>>,
    /// Markdown for `GITHUB_STEP_SUMMARY`.
    pub(crate) summary: String,
    /// A command was wrong; the step fails at its end.
    pub(crate) failed: bool,
}

/// Reads a step's output into its log.
#[derive(Debug)]
pub(crate) struct OutputReader {
    filter: CommandFilter,
    options: CommandOptions,
    problems: Problems,
    pub(crate) effects: Effects,
}

impl OutputReader {
    pub(crate) fn new(options: CommandOptions) -> Self {
        let filter = CommandFilter::new(FilterOptions {
            echo: options.debug,
            allow_unsecure_commands: options.allow_unsecure_commands,
            allow_unsecure_stop_tokens: options.allow_unsecure_stop_tokens,
        });
        let problems = Problems::new(&options.matchers, options.sources.clone());
        Self { filter, options, problems, effects: Effects::default() }
    }

    /// Reads a line; a break says that [`Self::wanted_file`] comes before the next one.
    pub(crate) fn line(&mut self, line: &str, log: &mut StepLog) -> ControlFlow<()> {
        match self.filter.take(line) {
            Outcome::Plain => self.problems.plain_line(line, log),
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
                self.effects.matchers = self.problems.changed();
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
        if self.problems.wants_file() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// The file of problem matchers that the last line named.
    pub(crate) fn wanted_file(&self) -> Option<String> {
        self.problems.wanted_file(&self.options.workspace)
    }

    /// The contents of the wanted file, or why there are none.
    pub(crate) fn supply(&mut self, contents: Result<String, String>, log: &mut StepLog) {
        if let Err(errors) = self.problems.supply(contents) {
            errors.iter().for_each(|error| log.error(error));
            self.effects.failed = true;
        }
        self.effects.matchers = self.problems.changed();
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
            Command::AddMatcher(file) => self.problems.want(file),
            Command::RemoveMatcher { owner, file } => {
                owner.iter().for_each(|owner| self.problems.remove(owner));
                file.into_iter().for_each(|file| self.problems.want_to_remove(file));
            }
            Command::SaveState { name, value } => drop(self.effects.state.insert(name, value)),
            Command::Debug(_) | Command::Echo(_) => {}
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
