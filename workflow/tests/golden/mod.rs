//! Golden files: an input, and beside it a `.snap` of what the crate makes of it. Shared by the test
//! programs. A new pair of files is a new test.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// The files with this extension, in alphabetical order.
pub(crate) fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(&folder).expect("the folder of golden files");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|it| it == extension)).collect();
    files.sort();
    files
}

pub(crate) fn stem(path: &Path) -> &str {
    path.file_stem().and_then(|stem| stem.to_str()).expect("a name in Unicode")
}

/// Compares what `outline` makes of each input's name and text with the file beside it.
pub(crate) fn check_with(folder: &str, extension: &str, outline: impl Fn(&str, &str) -> String) {
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

/// The file that stands beside an input, by the name of that input.
pub(crate) fn beside(folder: &str, name: &str, extension: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(name);
    fs::read_to_string(path.with_extension(extension)).expect("the file beside a golden file")
}

/// Whether each `.snap` of a folder has its input.
pub(crate) fn assert_inputs(folder: &str, extension: &str) {
    let inputs = files(folder, extension);
    for path in files(folder, "snap") {
        assert!(inputs.iter().any(|input| stem(input) == stem(&path)), "{path:?} has no input");
    }
}
