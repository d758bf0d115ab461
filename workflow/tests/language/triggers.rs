//! Golden files of triggers: beside each workflow `tests/triggers/NAME.yml` stand events, in
//! `NAME.events` one a line: `{"event": NAME, "payload": {...}, "files": [...]}`. The commit and the
//! ref that each runs on and whether the workflow starts, or why not, is compared with `NAME.snap`.
//! A new triple of files is a new test.

use std::fmt::Write as _;

use gantry_workflow::model::{Workflow, read_workflow};
use gantry_workflow::trigger::{Event, Origin, Selection, origin, select};
use serde_json::Value;

use crate::golden::{assert_inputs, beside, check_with};

const FOLDER: &str = "tests/triggers";

const DEFAULT_BRANCH: &str = "main";

fn outcome(workflow: &Workflow, line: &str) -> String {
    let request: Value = serde_json::from_str(line).expect("an event in JSON");
    let files = request["files"]
        .as_array()
        .map(|files| files.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>());
    let event = Event {
        name: request["event"].as_str().expect("the name of an event"),
        payload: &request["payload"],
        changed_files: files.as_deref(),
    };
    match origin(&event, DEFAULT_BRANCH) {
        Err(reason) => format!("nothing starts: {reason}"),
        Ok(origin) => match select(workflow, &event) {
            Selection::Starts => format!("starts {}", place(&origin)),
            Selection::Skips { reason } => format!("does not start: {reason}"),
        },
    }
}

fn place(origin: &Origin) -> String {
    let Origin { sha, git_ref, head_ref, base_ref, source } = origin;
    let sha = if sha.is_empty() { "its tip" } else { sha };
    let mut place = format!("on `{git_ref}` at {sha}, the file from {source:?}");
    if !head_ref.is_empty() || !base_ref.is_empty() {
        write!(place, ", `{head_ref}` into `{base_ref}`").expect("memory");
    }
    place
}

#[test]
fn events_start_what_their_golden_files_say() {
    check_with(FOLDER, "yml", |name, text| {
        let (workflow, diagnostics) = read_workflow(name, text);
        let mut outcomes = String::new();
        for diagnostic in diagnostics {
            writeln!(outcomes, "{diagnostic}").expect("memory");
        }
        let Some(workflow) = workflow else { return outcomes };
        let events = beside(FOLDER, name, "events");
        let is_event = |line: &&str| !line.is_empty() && !line.starts_with('#');
        for line in events.lines().filter(is_event) {
            writeln!(outcomes, "{line}\n    {}", outcome(&workflow, line)).expect("memory");
        }
        outcomes
    });
}

#[test]
fn every_golden_file_of_triggers_has_its_input() {
    assert_inputs(FOLDER, "yml");
}
