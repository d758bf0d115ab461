//! The state that decides which lines of a step are commands: `stop-commands` and `echo`.
//!
//! Takes line after line and answers what to do with each; does nothing itself. One filter serves
//! one step. Invariant: while stopped, every line but the one with the token is plain output.

use super::annotation::AnnotationLevel;
use super::line::{RawCommand, parse_line};
use super::parsed::{Command, Refusal, STOP_COMMANDS, interpret, is_command};

/// Stop tokens longer than this are masked from then on.
const UNMASKED_TOKEN_LENGTH: usize = 6;

const DEPRECATED: &str = "is deprecated and will be disabled soon. Please upgrade to using Environment Files. For more information see: https://github.blog/changelog/2022-10-11-github-actions-deprecating-save-state-and-set-output-commands/";
const DISABLED: &str = "is disabled. Please upgrade to using Environment Files or opt into unsecure command execution by setting the `ACTIONS_ALLOW_UNSECURE_COMMANDS` environment variable to `true`. For more information see: https://github.blog/changelog/2020-10-01-github-actions-deprecating-set-env-and-add-path-commands/";
const BAD_TOKEN: &str = "You cannot use a endToken that is an empty string, the string 'pause-logging', or another workflow command. For more information see: https://docs.github.com/actions/learn-github-actions/workflow-commands-for-github-actions#example-stopping-and-starting-workflow-commands or opt into insecure command execution by setting the `ACTIONS_ALLOW_UNSECURE_STOPCOMMAND_TOKENS` environment variable to `true`.";

/// What a step's environment allows.
#[derive(Clone, Copy, Debug, Default)]
pub struct FilterOptions {
    /// Whether commands are logged, too; on from the start in debug runs.
    pub echo: bool,
    /// `ACTIONS_ALLOW_UNSECURE_COMMANDS`: `set-env` and `add-path` work.
    pub allow_unsecure_commands: bool,
    /// `ACTIONS_ALLOW_UNSECURE_STOPCOMMAND_TOKENS`: any stop token will do.
    pub allow_unsecure_stop_tokens: bool,
}

/// Tells commands from plain output, line by line.
pub struct CommandFilter {
    options: FilterOptions,
    /// The token that ends the stop, while stopped.
    stopped: Option<String>,
}

/// What to do with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Not a command: log the line.
    Plain,
    /// Commands are stopped or resumed: log the line, and mask the token from now on if there is one.
    Switched { mask: Option<String> },
    /// Carry out the command and do not log the line. `echo` is logged before, `warning` becomes a
    /// warning annotation.
    Consumed { command: Command, echo: Option<String>, warning: Option<String> },
    /// Nothing to carry out: log `echo` and annotate. The step does not fail.
    Refused { echo: Option<String>, level: AnnotationLevel, message: String },
    /// Log `echo`, make error annotations, and fail the step at its end.
    Failed { echo: Option<String>, errors: [String; 2] },
}

impl CommandFilter {
    #[must_use]
    pub fn new(options: FilterOptions) -> Self {
        Self { options, stopped: None }
    }

    /// Takes one line, without its line end.
    pub fn take(&mut self, line: &str) -> Outcome {
        if let Some(token) = &self.stopped {
            if parse_line(line, |name| name.eq_ignore_ascii_case(token)).is_none() {
                return Outcome::Plain;
            }
            self.stopped = None;
            return Outcome::Switched { mask: None };
        }
        match parse_line(line, is_command) {
            None => Outcome::Plain,
            Some(raw) if raw.name.eq_ignore_ascii_case(STOP_COMMANDS) => self.stop(line, raw),
            Some(raw) => self.process(line, &raw),
        }
    }

    fn stop(&mut self, line: &str, raw: RawCommand) -> Outcome {
        let token = raw.data;
        let weak =
            token.is_empty() || token.eq_ignore_ascii_case("pause-logging") || is_command(&token);
        if weak && !self.options.allow_unsecure_stop_tokens {
            return failed(line, None, BAD_TOKEN.to_owned());
        }
        let mask = (token.chars().count() > UNMASKED_TOKEN_LENGTH).then(|| token.clone());
        self.stopped = Some(token);
        Outcome::Switched { mask }
    }

    fn process(&mut self, line: &str, raw: &RawCommand) -> Outcome {
        let name = raw.name.to_ascii_lowercase();
        // These print by themselves, and what they print is not the line.
        let silent = matches!(name.as_str(), "debug" | "error" | "warning" | "notice" | "add-mask");
        let echo = (self.options.echo && !silent).then(|| line.to_owned());
        let shown = if silent { name.as_str() } else { line };
        if matches!(name.as_str(), "set-env" | "add-path") && !self.options.allow_unsecure_commands
        {
            return failed(shown, echo, format!("The `{name}` command {DISABLED}"));
        }
        let command = match interpret(raw) {
            Ok(command) => command,
            Err(Refusal::Warning(message)) => {
                return Outcome::Refused { echo, level: AnnotationLevel::Warning, message };
            }
            Err(Refusal::Failure(error)) => return failed(shown, echo, error),
        };
        match command {
            Command::AddMask(_) => {
                let echo = self.options.echo.then(|| "::add-mask::***".to_owned());
                Outcome::Consumed { command, echo, warning: None }
            }
            Command::SetOutput { .. } | Command::SaveState { .. } => {
                let warning = Some(format!("The `{name}` command {DEPRECATED}"));
                Outcome::Consumed { command, echo, warning }
            }
            Command::SetEnv { name, .. } if name.eq_ignore_ascii_case("NODE_OPTIONS") => {
                let message =
                    "Can't update NODE_OPTIONS environment variable using ::set-env:: command.";
                let level = AnnotationLevel::Error;
                Outcome::Refused { echo, level, message: message.to_owned() }
            }
            Command::Echo(on) => {
                self.options.echo = on;
                Outcome::Consumed { command, echo, warning: None }
            }
            command => Outcome::Consumed { command, echo, warning: None },
        }
    }
}

impl std::fmt::Debug for CommandFilter {
    /// Does not show the token, which is a secret while it works.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let stopped = self.stopped.is_some();
        f.debug_struct("CommandFilter")
            .field("options", &self.options)
            .field("stopped", &stopped)
            .finish()
    }
}

fn failed(shown: &str, echo: Option<String>, error: String) -> Outcome {
    Outcome::Failed { echo, errors: unprocessed(shown, error) }
}

/// What a step reports when it fails for a command that was right and could not be carried out.
#[must_use]
pub fn unprocessed(command: &str, error: String) -> [String; 2] {
    [format!("Unable to process command '{command}' successfully."), error]
}
