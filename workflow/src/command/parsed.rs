//! Workflow commands with their meaning.
//!
//! Does not carry them out. Invariant: a command that lacks what it needs is an error text, never a
//! half-filled command (`semantics` 5.7).

use super::annotation::{Annotation, AnnotationLevel};
use super::line::RawCommand;

/// A workflow command that the runner has to carry out.
#[derive(Clone, PartialEq, Eq)]
pub enum Command {
    SetOutput { name: String, value: String },
    SaveState { name: String, value: String },
    SetEnv { name: String, value: String },
    AddPath(String),
    AddMask(String),
    Debug(String),
    Annotation(Annotation),
    Group(String),
    EndGroup,
    AddMatcher(String),
    RemoveMatcher { owner: Option<String>, file: Option<String> },
    Echo(bool),
}

/// The names of all commands, but for `stop-commands` and what stops it.
const NAMES: [&str; 14] = [
    "set-output",
    "save-state",
    "set-env",
    "add-path",
    "add-mask",
    "debug",
    "error",
    "warning",
    "notice",
    "group",
    "endgroup",
    "add-matcher",
    "remove-matcher",
    "echo",
];

pub(super) const STOP_COMMANDS: &str = "stop-commands";

/// Whether a line with this name is a command.
pub(super) fn is_command(name: &str) -> bool {
    name.eq_ignore_ascii_case(STOP_COMMANDS)
        || NAMES.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Why a command was not carried out.
pub(super) enum Refusal {
    /// Nothing happens but a warning.
    Warning(String),
    /// The step fails.
    Failure(String),
}

pub(super) fn interpret(raw: &RawCommand) -> Result<Command, Refusal> {
    let data = raw.data.clone();
    Ok(match raw.name.to_ascii_lowercase().as_str() {
        "set-output" => Command::SetOutput { name: name_of(raw)?, value: data },
        "save-state" => Command::SaveState { name: name_of(raw)?, value: data },
        "set-env" => Command::SetEnv { name: name_of(raw)?, value: data },
        "add-path" if data.is_empty() => {
            return Err(Refusal::Failure("Parameter 'path' cannot be null or empty.".to_owned()));
        }
        "add-path" => Command::AddPath(data),
        "add-mask" if data.trim().is_empty() => {
            let text = "Can't add secret mask for empty string in ##[add-mask] command.";
            return Err(Refusal::Warning(text.to_owned()));
        }
        "add-mask" => Command::AddMask(data),
        "debug" => Command::Debug(data),
        "error" => Command::Annotation(Annotation::from_command(AnnotationLevel::Error, raw)),
        "warning" => Command::Annotation(Annotation::from_command(AnnotationLevel::Warning, raw)),
        "notice" => Command::Annotation(Annotation::from_command(AnnotationLevel::Notice, raw)),
        "group" => Command::Group(data),
        "endgroup" => Command::EndGroup,
        "add-matcher" if data.is_empty() => {
            return Err(Refusal::Warning("File path must be specified.".to_owned()));
        }
        "add-matcher" => Command::AddMatcher(data),
        "remove-matcher" => remove_matcher(raw)?,
        "echo" => echo(&data)?,
        name => return Err(Refusal::Warning(format!("`{name}` is no workflow command."))),
    })
}

fn name_of(raw: &RawCommand) -> Result<String, Refusal> {
    raw.property("name").map(str::to_owned).ok_or_else(|| {
        let command = raw.name.to_ascii_lowercase();
        Refusal::Failure(format!("Required field 'name' is missing in ##[{command}] command."))
    })
}

fn remove_matcher(raw: &RawCommand) -> Result<Command, Refusal> {
    let owner = raw.property("owner").map(str::to_owned);
    let file = Some(raw.data.clone()).filter(|file| !file.is_empty());
    let text = match (&owner, &file) {
        (Some(_), Some(_)) => {
            "Either specify an owner name or a file path in ##[remove-matcher] command. Both values cannot be set."
        }
        (None, None) => {
            "Either an owner name or a file path must be specified in ##[remove-matcher] command."
        }
        _ => return Ok(Command::RemoveMatcher { owner, file }),
    };
    Err(Refusal::Warning(text.to_owned()))
}

fn echo(data: &str) -> Result<Command, Refusal> {
    match data.trim().to_ascii_lowercase().as_str() {
        "on" => Ok(Command::Echo(true)),
        "off" => Ok(Command::Echo(false)),
        "" if data.is_empty() => {
            Err(Refusal::Failure("Parameter 'value' cannot be null or empty.".to_owned()))
        }
        _ => Err(Refusal::Failure(format!(
            "Invalid echo command value. Possible values can be: 'on', 'off'. Current value is: '{data}'."
        ))),
    }
}

impl std::fmt::Debug for Command {
    /// Shows what the command is; values may be secrets and are left out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SetOutput { name, .. } => write!(f, "SetOutput({name})"),
            Self::SaveState { name, .. } => write!(f, "SaveState({name})"),
            Self::SetEnv { name, .. } => write!(f, "SetEnv({name})"),
            Self::AddPath(path) => write!(f, "AddPath({path})"),
            Self::AddMask(_) => f.write_str("AddMask(***)"),
            Self::Debug(_) => f.write_str("Debug"),
            Self::Annotation(annotation) => annotation.fmt(f),
            Self::Group(title) => write!(f, "Group({title})"),
            Self::EndGroup => f.write_str("EndGroup"),
            Self::AddMatcher(path) => write!(f, "AddMatcher({path})"),
            Self::RemoveMatcher { owner, file } => {
                write!(f, "RemoveMatcher({owner:?}, {file:?})")
            }
            Self::Echo(on) => write!(f, "Echo({on})"),
        }
    }
}
