//! The text of an `action.yml` as an action, or why it is none.
//!
//! The rules are the language's; this only puts what is wrong into the words of a step's log.

use gantry_workflow::Severity;
use gantry_workflow::model::{Action, read_action};

/// Files that may describe an action, in the order in which they are looked for.
pub(crate) const MANIFEST_FILES: [&str; 2] = ["action.yml", "action.yaml"];

/// Largest description that is read.
pub(crate) const LARGEST_MANIFEST_BYTES: u64 = 1024 * 1024;

/// Reads the text of an action's description; `path` is what messages call it.
pub(crate) fn read_manifest(path: &str, text: &str) -> Result<Action, String> {
    let (action, diagnostics) = read_action(path, text);
    action.ok_or_else(|| {
        let errors = diagnostics.iter().filter(|it| it.severity == Severity::Error);
        let mut lines: Vec<String> = errors.map(ToString::to_string).collect();
        lines.push(format!("Failed to load {path}"));
        lines.join("\n")
    })
}

#[cfg(test)]
mod tests {
    use super::read_manifest;

    #[test]
    fn what_is_wrong_with_an_action_is_told_with_its_place() {
        let text = "runs:\n  using: composite\n  steps:\n    - run: echo\n";
        assert_eq!(
            read_manifest("octo/action/v1/action.yml", text).unwrap_err(),
            "octo/action/v1/action.yml (Line: 4, Col: 7): Required property is missing: shell\n\
             Failed to load octo/action/v1/action.yml"
        );
    }
}
