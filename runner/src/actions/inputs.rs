//! `with:` of a step, and what the action makes of it (`semantics` 1.9).

use gantry_workflow::model::{Action, ActionRuns};
use gantry_workflow::template::Token;
use indexmap::IndexMap;

use crate::execution::{RunningJob, Scope};

/// The inputs of an action, with what its step's log is told about them.
#[derive(Debug, Default)]
pub(crate) struct ActionInputs {
    /// Under the names of whoever named them first, the step or the action.
    pub(crate) values: IndexMap<String, String>,
    pub(crate) warnings: Vec<String>,
}

/// The evaluated `with:` as texts, under the names as written.
pub(crate) fn given_inputs(
    job: &RunningJob,
    scope: &Scope,
    with: Option<&Token>,
) -> Result<IndexMap<String, String>, String> {
    let Some(with) = with else { return Ok(IndexMap::new()) };
    let texts = job.evaluate(scope, |e| with.evaluate_texts(e)).map_err(|error| error.message)?;
    Ok(texts.into_iter().collect())
}

/// Adds the defaults of what was not given. `is_local` actions take any input without a word.
pub(crate) fn with_defaults(
    job: &RunningJob,
    scope: &Scope,
    (action, is_local): (&Action, bool),
    given: IndexMap<String, String>,
) -> Result<ActionInputs, String> {
    let mut warnings = deprecations(action, &given);
    if !is_local {
        warnings.extend(unexpected(action, &given));
    }
    let mut values = given;
    for input in &action.inputs {
        if values.keys().any(|name| name.eq_ignore_ascii_case(&input.name)) {
            continue;
        }
        let value = match &input.default {
            Some(token) => job
                .evaluate(scope, |e| token.evaluate_text(e))
                .map_err(|error| format!("input `{}`: {}", input.name, error.message))?,
            None => String::new(),
        };
        values.insert(input.name.clone(), value);
    }
    Ok(ActionInputs { values, warnings })
}

fn deprecations(action: &Action, given: &IndexMap<String, String>) -> Vec<String> {
    let declared =
        |name: &String| action.inputs.iter().find(|input| input.name.eq_ignore_ascii_case(name));
    given
        .keys()
        .filter_map(|name| {
            let message = declared(name)?.deprecation_message.as_ref()?;
            Some(format!("Input '{name}' has been deprecated with message: {message}"))
        })
        .collect()
}

fn unexpected(action: &Action, given: &IndexMap<String, String>) -> Option<String> {
    let mut valid: Vec<&str> = Vec::new();
    if let ActionRuns::Docker(_) = action.runs {
        valid.extend(["entryPoint", "args"]);
    }
    valid.extend(action.inputs.iter().map(|input| input.name.as_str()));
    let is_valid = |name: &&str| valid.iter().any(|valid| valid.eq_ignore_ascii_case(name));
    let unexpected: Vec<&str> =
        given.keys().map(String::as_str).filter(|name| !is_valid(name)).collect();
    (!unexpected.is_empty()).then(|| {
        format!(
            "Unexpected input(s) '{}', valid inputs are ['{}']",
            unexpected.join("', '"),
            valid.join("', '")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gantry_workflow::model::read_action;

    fn action(text: &str) -> Action {
        read_action("action.yml", text).0.unwrap()
    }

    fn given(names: &[&str]) -> IndexMap<String, String> {
        names.iter().map(|name| ((*name).to_owned(), "x".to_owned())).collect()
    }

    #[test]
    fn a_deprecated_input_that_is_given_says_what_its_action_says() {
        let action = action(
            "inputs: {Old: {deprecationMessage: use new}, new: {}}\nruns: {using: node20, main: x}",
        );
        assert_eq!(
            deprecations(&action, &given(&["old", "new"])),
            ["Input 'old' has been deprecated with message: use new"]
        );
    }

    #[test]
    fn an_unknown_input_names_the_valid_ones() {
        let node = action("inputs: {a: {}, B: {}}\nruns: {using: node20, main: x}");
        assert_eq!(unexpected(&node, &given(&["A", "b"])), None);
        assert_eq!(
            unexpected(&node, &given(&["a", "c"])).as_deref(),
            Some("Unexpected input(s) 'c', valid inputs are ['a', 'B']")
        );
        let docker = action("inputs: {a: {}}\nruns: {using: docker, image: 'docker://x'}");
        assert_eq!(unexpected(&docker, &given(&["args", "entrypoint"])), None);
    }
}
