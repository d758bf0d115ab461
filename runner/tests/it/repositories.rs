//! Git repositories on this machine's disk.

use std::path::Path;
use std::process::Command;

/// Runs git with a fixed identity; answers what it prints.
pub(crate) fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
        .args(arguments)
        .current_dir(directory)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A repository with one commit; answers the commit.
pub(crate) fn repository(path: &Path, files: &[(&str, &str)]) -> String {
    std::fs::create_dir_all(path).unwrap();
    git(path, &["init", "--quiet", "--initial-branch=main"]);
    commit(path, files)
}

/// Adds a commit with these files; answers it.
pub(crate) fn commit(path: &Path, files: &[(&str, &str)]) -> String {
    for (name, text) in files {
        let file = path.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    git(path, &["add", "--all"]);
    git(path, &["commit", "--quiet", "--message", "change"]);
    git(path, &["rev-parse", "HEAD"])
}
