//! `on:` - the events of a workflow and their filters.

use serde::{Deserialize, Serialize};

use super::WorkflowCall;
use crate::diagnostic::Position;

/// One event under `on:`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EventTrigger {
    pub position: Position,
    /// GitHub's event name: `push`, `pull_request`, `schedule`, ...
    pub event: String,
    /// Activity types; `None` when the file names none (the event's default applies).
    pub types: Option<Vec<String>>,
    pub filters: Filters,
    /// `workflows:` of `workflow_run`.
    pub workflows: Vec<String>,
    /// Items of `schedule`.
    pub schedules: Vec<Schedule>,
    /// `inputs:` of `workflow_dispatch`.
    pub inputs: Vec<Input>,
    /// Present for `workflow_call`.
    pub call: Option<WorkflowCall>,
}

/// Branch, tag and path filters, in file order. `None`: the key is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filters {
    pub branches: Option<Vec<String>>,
    pub branches_ignore: Option<Vec<String>>,
    pub tags: Option<Vec<String>>,
    pub tags_ignore: Option<Vec<String>>,
    pub paths: Option<Vec<String>>,
    pub paths_ignore: Option<Vec<String>>,
}

/// One `cron` line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    pub position: Position,
    /// Five POSIX fields, as written.
    pub cron: String,
    /// IANA name; UTC when absent.
    pub timezone: Option<String>,
}

/// One declared input.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Input {
    pub name: String,
    pub description: Option<String>,
    pub kind: InputKind,
    pub required: bool,
    /// The literal default, as text.
    pub default: Option<String>,
    /// Only for [`InputKind::Choice`].
    pub options: Vec<String>,
}

/// `type:` of an input; `string` when the file does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputKind {
    String,
    Boolean,
    Number,
    Choice,
    Environment,
}
