//! `action.yml` (`semantics` 1.9).
//!
//! The steps of a composite action are read as those of a job are, so that everything means the
//! same in both. Invariant: what an action needs and this runner has not is an error when the action
//! is used, never a step that is left out.

use gantry_workflow::Severity;
use gantry_workflow::model::{JobKind, Step, StepKind, StepsJob, read_workflow};
use gantry_workflow::template::{Token, TokenKind};
use serde_json::{Value, json};

/// Files that may describe an action, in the order in which they are looked for.
pub(crate) const MANIFEST_FILES: [&str; 2] = ["action.yml", "action.yaml"];

/// Largest description that is read.
pub(crate) const LARGEST_MANIFEST_BYTES: u64 = 1024 * 1024;

/// An action's description.
#[derive(Debug)]
pub(crate) struct Manifest {
    /// Names (in lower case) and defaults of the inputs.
    pub(crate) inputs: Vec<(String, Option<Token>)>,
    pub(crate) outputs: Vec<(String, Token)>,
    pub(crate) runs: Runs,
}

/// How an action runs.
#[derive(Debug)]
pub(crate) enum Runs {
    Composite(Vec<Step>),
    /// `using` of a kind that is not supported yet.
    Other(String),
}

/// Reads the text of an `action.yml`.
pub(crate) fn read_manifest(text: &str) -> Result<Manifest, String> {
    let root: Value = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
    let runs = root.get("runs").ok_or("Required property is missing: runs")?;
    let using = runs.get("using").and_then(Value::as_str).unwrap_or_default();
    if !using.eq_ignore_ascii_case("composite") {
        let (inputs, outputs) = (Vec::new(), Vec::new());
        return Ok(Manifest { inputs, outputs, runs: Runs::Other(using.to_owned()) });
    }
    let outputs = values(&root, "outputs", "value");
    let steps = runs.get("steps").cloned().unwrap_or_else(|| json!([]));
    let action = read_steps(&json!({ "runs-on": "action", "outputs": outputs, "steps": steps }))?;
    for step in &action.steps {
        if matches!(&step.kind, StepKind::Run { shell: None, .. }) {
            return Err("Required property is missing: shell".to_owned());
        }
    }
    let inputs = read_inputs(&root)?;
    Ok(Manifest { inputs, outputs: action.outputs, runs: Runs::Composite(action.steps) })
}

/// `{name: entry.key}` of a mapping of entries; those without the key are left out.
fn values(root: &Value, section: &str, key: &str) -> Value {
    let entries = root.get(section).and_then(Value::as_object);
    let pairs = entries.into_iter().flatten().filter_map(|(name, entry)| {
        let value = entry.get(key)?;
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Some((name.clone(), Value::String(text)))
    });
    Value::Object(pairs.collect())
}

fn read_inputs(root: &Value) -> Result<Vec<(String, Option<Token>)>, String> {
    let defaults = values(root, "inputs", "default");
    let step = json!({ "run": "true", "env": defaults });
    let carrier = read_steps(&json!({ "runs-on": "action", "steps": [step] }))?;
    let defaults = carrier.steps.into_iter().next().and_then(|step| step.env);
    let mut defaults = match defaults.map(|token| token.kind) {
        Some(TokenKind::Mapping(pairs)) => pairs,
        _ => Vec::new(),
    };
    let mut take = |name: &str| {
        let is_it =
            |(key, _): &(Token, Token)| matches!(&key.kind, TokenKind::String(k) if k == name);
        let at = defaults.iter().position(is_it)?;
        Some(defaults.swap_remove(at).1)
    };
    let names = root.get("inputs").and_then(Value::as_object).into_iter().flatten();
    Ok(names.map(|(name, _)| (name.to_lowercase(), take(name))).collect())
}

/// Reads a job by the rules of workflow files. JSON is YAML.
fn read_steps(job: &Value) -> Result<StepsJob, String> {
    let workflow = json!({ "on": "push", "jobs": { "action": job } });
    let (workflow, diagnostics) = read_workflow("action.yml", &workflow.to_string());
    let errors: Vec<String> = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .map(|diagnostic| diagnostic.message.clone())
        .collect();
    let job = workflow.and_then(|workflow| workflow.jobs.into_iter().next());
    match job.map(|job| job.kind) {
        Some(JobKind::Steps(steps)) if errors.is_empty() => Ok(*steps),
        _ => Err(errors.join("\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_composite_action_has_inputs_outputs_and_steps() {
        let manifest = read_manifest(
            "name: x\ninputs:\n  Who:\n    default: ${{ github.actor }}\n  other:\n    required: true\n\
             outputs:\n  said:\n    value: ${{ steps.say.outputs.said }}\n\
             runs:\n  using: composite\n  steps:\n    - id: say\n      shell: bash\n      run: echo\n",
        )
        .unwrap();
        let names: Vec<_> = manifest.inputs.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["who", "other"]);
        assert!(manifest.inputs[0].1.is_some() && manifest.inputs[1].1.is_none());
        assert_eq!(manifest.outputs.len(), 1);
        assert!(matches!(manifest.runs, Runs::Composite(steps) if steps.len() == 1));
    }

    #[test]
    fn a_run_step_of_an_action_needs_a_shell() {
        let error = read_manifest("runs:\n  using: composite\n  steps:\n    - run: echo\n");
        assert_eq!(error.unwrap_err(), "Required property is missing: shell");
    }

    #[test]
    fn other_kinds_are_known_by_name() {
        let manifest = read_manifest("runs:\n  using: node20\n  main: x.js\n").unwrap();
        assert!(matches!(manifest.runs, Runs::Other(using) if using == "node20"));
    }
}
