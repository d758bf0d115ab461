//! Golden files of the language: each `tests/read/NAME.yml` is a workflow and each
//! `tests/read/actions/NAME.yml` an action. It is read, and what was found and what it means is
//! compared with `NAME.snap` beside it. A new pair of files is a new test.

#![expect(clippy::expect_used, reason = "a golden file that cannot be read fails the test")]

mod action_outline;
mod expressions;
mod key_table;
mod limits;
mod outline;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use gantry_workflow::model::{read_action, read_workflow};

/// Below the folder of this crate.
const FOLDERS: [&str; 2] = ["tests/read", "tests/read/actions"];

/// The files with this extension, in alphabetical order.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(&folder).expect("the folder of golden files");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|it| it == extension)).collect();
    files.sort();
    files
}

fn stem(path: &Path) -> &str {
    path.file_stem().and_then(|stem| stem.to_str()).expect("a name in Unicode")
}

fn check(folder: &str, outline: fn(&str, &str) -> String) {
    check_with(folder, "yml", outline);
}

/// Compares what `outline` makes of each input's name and text with the file beside it.
fn check_with(folder: &str, extension: &str, outline: impl Fn(&str, &str) -> String) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new("..").join(folder.trim_start_matches("tests/")));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let failed: Vec<_> = files(folder, extension)
        .into_iter()
        .filter(|path| {
            let text = fs::read_to_string(path).expect("the text of a golden file");
            let name = stem(path);
            let outline = outline(&format!("{name}.yml"), &text);
            let compare = || settings.bind(|| insta::assert_snapshot!(name, outline));
            catch_unwind(AssertUnwindSafe(compare)).is_err()
        })
        .collect();
    assert!(failed.is_empty(), "these files read differently: {failed:#?}");
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
    for folder in FOLDERS {
        let inputs = files(folder, "yml");
        for path in files(folder, "snap") {
            assert!(inputs.iter().any(|input| stem(input) == stem(&path)), "{path:?} has no input");
        }
    }
}
