//! Words that must not stand in the project: machine paths, registry hosts, unfinished marks.

use anyhow::Result;

use super::Complaint;
use super::sources::Source;

pub(super) fn check(sources: &[Source]) -> Result<Vec<Complaint>> {
    let mut complaints = Vec::new();
    for source in sources {
        for (index, line) in source.text.lines().enumerate() {
            if let Some(text) = complaint_about(&source.path, line) {
                complaints.push(Complaint { path: source.path.clone(), line: index + 1, text });
            }
        }
    }
    Ok(complaints)
}

fn complaint_about(path: &str, line: &str) -> Option<String> {
    if path.ends_with("package-lock.json") {
        return line
            .contains("\"resolved\": \"http")
            .then(|| "names a registry's host; keep `omit-lockfile-registry-resolved`".to_owned());
    }
    // Split, so that this file does not complain about itself.
    let mark = concat!("TO", "DO");
    (path.ends_with(".rs") && line.contains(mark) && !line.contains("(#"))
        .then(|| format!("`{mark}` without an issue's number"))
}
