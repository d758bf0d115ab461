//! Golden cases of the commands for files. Each folder `tests/commands/GROUP/CASE` has a script
//! `command.sh`, which runs in a copy of the folder's `files` with `gantry` on the search path, and
//! `output.snap` with what it printed. A new folder is a new test.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn folders_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of golden cases");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut folders: Vec<_> = paths.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

#[expect(clippy::disallowed_methods, reason = "the search path is extended for a child")]
fn search_path() -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_gantry"));
    let folder = program.parent().expect("a folder").display();
    format!("{folder}:{}", std::env::var("PATH").expect("a search path"))
}

/// A shell whose git makes the same commits everywhere.
fn shell(script: &str, directory: &Path) -> Output {
    let mut command = Command::new("sh");
    for person in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{person}_NAME"), "Mona");
        command.env(format!("GIT_{person}_EMAIL"), "mona@example.com");
        command.env(format!("GIT_{person}_DATE"), "2026-01-02T03:04:05Z");
    }
    command
        .args(["-euc", script])
        .current_dir(directory)
        .env("PATH", search_path())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .expect("a shell")
}

/// What a case printed, with its exit code.
fn play(case: &Path) -> String {
    let directory = tempfile::tempdir().expect("a directory");
    let files = case.join("files");
    if files.is_dir() {
        let copied =
            Command::new("cp").arg("-r").arg(files.join(".")).arg(directory.path()).status();
        assert!(copied.expect("cp").success());
    }
    let script = fs::read_to_string(case.join("command.sh")).expect("a script");
    let output = shell(&script, directory.path());
    let text = |bytes: &[u8]| {
        String::from_utf8_lossy(bytes).replace(&directory.path().display().to_string(), "[HERE]")
    };
    let code = output.status.code().map_or("by a signal".to_owned(), |code| code.to_string());
    format!(
        "exit code {code}\n--- output\n{}--- errors\n{}",
        text(&output.stdout),
        text(&output.stderr)
    )
}

#[test]
fn commands_print_what_their_golden_files_say() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/commands");
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let mut failed = Vec::new();
    for case in folders_in(&top).iter().flat_map(|group| folders_in(group)) {
        settings.set_snapshot_path(&case);
        let printed = play(&case);
        let compare = || settings.bind(|| insta::assert_snapshot!("output", printed));
        if catch_unwind(AssertUnwindSafe(compare)).is_err() {
            failed.push(case);
        }
    }
    assert!(failed.is_empty(), "these cases print something else: {failed:#?}");
}
