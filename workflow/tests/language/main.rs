//! Golden files of the language: each `tests/read/NAME.yml` is a workflow and each
//! `tests/read/actions/NAME.yml` an action. It is read, and what was found and what it means is
//! compared with `NAME.snap` beside it. A new pair of files is a new test.

#![expect(clippy::expect_used, reason = "a golden file that cannot be read fails the test")]

mod action_outline;
mod expressions;
#[path = "../golden/mod.rs"]
mod golden;
mod key_table;
mod limits;
mod outline;
mod triggers;

use gantry_workflow::model::{read_action, read_workflow};

use golden::{assert_inputs, check_with};

/// Below the folder of this crate.
const FOLDERS: [&str; 2] = ["tests/read", "tests/read/actions"];

fn check(folder: &str, outline: fn(&str, &str) -> String) {
    check_with(folder, "yml", outline);
}

#[test]
fn workflows_read_as_their_golden_files_say() {
    check(FOLDERS[0], |name, text| {
        let (workflow, diagnostics) = read_workflow(name, text);
        outline::of(workflow.as_ref(), &diagnostics)
    });
}

#[test]
fn actions_read_as_their_golden_files_say() {
    check(FOLDERS[1], |name, text| {
        let (action, diagnostics) = read_action(name, text);
        action_outline::of(action.as_ref(), &diagnostics)
    });
}

#[test]
fn every_golden_file_has_its_input() {
    FOLDERS.iter().for_each(|folder| assert_inputs(folder, "yml"));
}
