//! Mappings that one expression gives, or some of whose keys are computed (`semantics` 1.6).

use gantry_workflow::expr::Value;
use gantry_workflow::plan::RunContexts;
use serde_json::{Value as Json, json};

use crate::run::{Run, plan_of};

/// A run of one job `a` with this line, and with these variables.
fn run(line: &str, vars: Json) -> Run {
    let job = format!("  a:\n    runs-on: x\n    {line}\n    steps: [{{run: 'true'}}]\n");
    let vars = Value::from_json(&vars);
    Run::with(plan_of(&job, RunContexts { vars, ..RunContexts::default() }), &[])
}

#[test]
fn a_strategy_may_be_one_expression() {
    let strategy = json!({"fail-fast": false, "max-parallel": 1, "matrix": {"n": [1, 2]}});
    let run = run("strategy: ${{ fromJSON(vars.S) }}", json!({"S": strategy.to_string()}));
    assert_eq!(run.names, ["a (1)", "a (2)"]);
    assert_eq!(
        run.legs["a/1"].strategy.to_json(),
        json!({"fail-fast": false, "job-index": 1, "job-total": 2, "max-parallel": 1})
    );
}

#[test]
fn keys_may_be_computed_one_by_one_or_inserted() {
    let vars = json!({"KEY": "matrix", "MORE": "{\"fail-fast\": false}"});
    let line =
        "strategy: {'${{ vars.KEY }}': {n: [1]}, '${{ insert }}': '${{ fromJSON(vars.MORE) }}'}";
    let run = run(line, vars);
    assert_eq!(run.names, ["a (1)"]);
    assert_eq!(run.legs["a"].strategy.to_json()["fail-fast"], json!(false));
}

#[test]
fn a_computed_strategy_is_checked_as_a_written_one_is() {
    for (strategy, message) in [
        (json!({"matrix": {"n": []}}), "Matrix vector 'n' does not contain any values"),
        (json!({"fail-fast": "false"}), "Unexpected value 'false'"),
        (json!({"speed": 1}), "Unexpected value 'speed'"),
        (json!([1]), "A sequence was not expected"),
        (json!("text"), "Unexpected value 'text'"),
    ] {
        let run = run("strategy: ${{ fromJSON(vars.S) }}", json!({"S": strategy.to_string()}));
        let reason = &run.reasons["a"];
        let start = "Error when evaluating 'strategy' for job 'a'.";
        assert!(reason.starts_with(start) && reason.ends_with(message), "{strategy}: {reason}");
    }
}

#[test]
fn what_an_expression_gives_is_not_searched_for_expressions() {
    let strategy = json!({"matrix": {"n": ["${{ github.token }}"]}});
    let run = run("strategy: ${{ fromJSON(vars.S) }}", json!({"S": strategy.to_string()}));
    assert_eq!(run.legs["a"].matrix.to_json(), json!({"n": "${{ github.token }}"}));
}

#[test]
fn concurrency_may_be_an_expression_that_gives_a_text_or_a_mapping() {
    let slot = |line: &str, vars: Json| run(line, vars).legs["a"].concurrency.clone();
    let whole = "concurrency: ${{ fromJSON(vars.C) }}";
    let of_text = slot(whole, json!({"C": "\"deploy\""})).unwrap();
    assert_eq!((of_text.group.as_str(), of_text.queue_max), ("deploy", false));
    let mapping = r#"{"group": "deploy", "queue": "max"}"#;
    let of_mapping = slot(whole, json!({ "C": mapping })).unwrap();
    assert_eq!((of_mapping.group.as_str(), of_mapping.queue_max), ("deploy", true));
    let queue = "concurrency: {group: 'g-${{ vars.Q }}', queue: '${{ vars.Q }}'}";
    let of_queue = slot(queue, json!({"Q": "max"})).unwrap();
    assert_eq!((of_queue.group.as_str(), of_queue.queue_max), ("g-max", true));
}

#[test]
fn computed_concurrency_is_checked_as_a_written_one_is() {
    for (concurrency, message) in [
        (r#"{"queue": "max"}"#, "Required property is missing: group"),
        (r#"{"group": "g", "queue": "long"}"#, "Unexpected value 'long'"),
        (
            r#"{"group": "g", "queue": "max", "cancel-in-progress": true}"#,
            "'queue: max' cannot be combined with 'cancel-in-progress: true'.",
        ),
    ] {
        let run = run("concurrency: ${{ fromJSON(vars.C) }}", json!({ "C": concurrency }));
        let reason = &run.reasons["a"];
        assert!(reason.ends_with(message), "{concurrency}: {reason}");
    }
}

#[test]
fn an_environment_may_be_an_expression_that_gives_a_text_or_a_mapping() {
    let name = |line: &str, vars: Json| run(line, vars).legs["a"].environment.clone();
    let whole = "environment: ${{ fromJSON(vars.E) }}";
    let of_mapping = name(whole, json!({"E": r#"{"name": "lab", "url": "https://x"}"#}));
    assert_eq!(of_mapping.as_deref(), Some("lab"));
    assert_eq!(name(whole, json!({"E": "\"lab\""})).as_deref(), Some("lab"));
    assert_eq!(name(whole, json!({"E": "\"\""})), None);
    // The URL is the runner's to evaluate.
    let computed_key = "environment: {'${{ vars.K }}': lab, url: '${{ steps.x.outputs.y }}'}";
    assert_eq!(name(computed_key, json!({"K": "name"})).as_deref(), Some("lab"));
}
