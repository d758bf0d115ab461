//! Golden files of the language: each `tests/read/NAME.yml` is read, and what was found and what it
//! means is compared with `NAME.snap` beside it. A new pair of files is a new test.

#![expect(clippy::expect_used, reason = "a golden file that cannot be read fails the test")]

mod limits;
mod outline;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use gantry_workflow::model::read_workflow;

fn inputs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/read");
    let entries = fs::read_dir(&folder).expect("the folder of golden files");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut inputs: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "yml")).collect();
    inputs.sort();
    inputs
}

fn stem(path: &Path) -> &str {
    path.file_stem().and_then(|stem| stem.to_str()).expect("a name in Unicode")
}

#[test]
fn workflows_read_as_their_golden_files_say() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../read");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let failed: Vec<_> = inputs()
        .into_iter()
        .filter(|path| {
            let text = fs::read_to_string(path).expect("the text of a golden file");
            let name = stem(path);
            let (workflow, diagnostics) = read_workflow(&format!("{name}.yml"), &text);
            let outline = outline::of(workflow.as_ref(), &diagnostics);
            let compare = || settings.bind(|| insta::assert_snapshot!(name, outline));
            catch_unwind(AssertUnwindSafe(compare)).is_err()
        })
        .collect();
    assert!(failed.is_empty(), "these files read differently: {failed:#?}");
}

#[test]
fn every_golden_file_has_its_input() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/read");
    let inputs: Vec<_> = inputs().iter().map(|path| stem(path).to_owned()).collect();
    for entry in fs::read_dir(folder).expect("the folder of golden files") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "snap") {
            assert!(inputs.iter().any(|input| input == stem(&path)), "{path:?} has no input");
        }
    }
}
