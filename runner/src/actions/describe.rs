//! What an action is: its `action.yml`, or else its `Dockerfile` (`semantics` 1.9). Pure.

use gantry_workflow::Severity;
use gantry_workflow::model::{Action, read_action};

/// Files that may describe an action, in the order in which they are looked for.
pub(super) const FILES: [&str; 4] = ["action.yml", "action.yaml", "Dockerfile", "dockerfile"];

/// Largest description that is read.
pub(super) const LARGEST_FILE_BYTES: u64 = 1024 * 1024;

/// The action whose directory has these `texts` in the place of [`FILES`]; the error is for the log of
/// the step.
pub(super) fn describe(directory: &str, texts: &[Option<String>]) -> Result<Action, String> {
    let found = FILES.iter().zip(texts).find_map(|(name, text)| Some((name, text.as_ref()?)));
    match found {
        None => Err(format!(
            "Can't find 'action.yml', 'action.yaml' or 'Dockerfile' under '{directory}'. Did you \
             forget to run actions/checkout before running your local action?"
        )),
        Some((name, text)) if name.ends_with("yml") || name.ends_with("yaml") => {
            read(&format!("{directory}/{name}"), text)
        }
        // A Dockerfile alone is an action without inputs.
        Some((name, _)) => {
            let text = format!("runs: {{using: docker, image: {name}}}");
            read(&format!("{directory}/{name}"), &text)
        }
    }
}

fn read(path: &str, text: &str) -> Result<Action, String> {
    let (action, diagnostics) = read_action(path, text);
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    let errors: Vec<String> = errors.map(ToString::to_string).collect();
    action.ok_or_else(|| {
        let last = format!("Failed to load {path}");
        errors.into_iter().chain([last]).collect::<Vec<_>>().join("\n")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gantry_workflow::model::{ActionImage, ActionRuns};

    fn texts(found: &[(&str, &str)]) -> Vec<Option<String>> {
        let text = |name: &&str| found.iter().find(|(other, _)| other == name);
        FILES.iter().map(|name| text(name).map(|(_, text)| (*text).to_owned())).collect()
    }

    #[test]
    fn action_yml_comes_before_a_dockerfile() {
        let both =
            texts(&[("action.yml", "runs: {using: node20, main: x.js}"), ("Dockerfile", "")]);
        assert!(matches!(describe("/a", &both).unwrap().runs, ActionRuns::Node(_)));
        let alone = texts(&[("dockerfile", "FROM x")]);
        let ActionRuns::Docker(docker) = describe("/a", &alone).unwrap().runs else { panic!() };
        assert_eq!(docker.image, ActionImage::Dockerfile("dockerfile".to_owned()));
    }

    #[test]
    fn a_directory_without_a_description_is_told_in_githubs_words() {
        let error = describe("/__w/r/r/x", &texts(&[])).unwrap_err();
        assert!(error.starts_with(
            "Can't find 'action.yml', 'action.yaml' or 'Dockerfile' under '/__w/r/r/x'"
        ));
    }

    #[test]
    fn subtle_65_a_run_step_of_a_composite_action_needs_a_shell() {
        let text = "runs:\n  using: composite\n  steps:\n    - run: echo\n";
        let error = describe("/a", &texts(&[("action.yml", text)])).unwrap_err();
        assert!(error.contains("Required property is missing: shell"), "{error}");
    }
}
