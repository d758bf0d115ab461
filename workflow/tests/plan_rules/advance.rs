//! The run's state machine, rule by rule (`semantics` 4.2, 4.3, 4.6 and 4.9).

use gantry_workflow::advance::{Conclusion, LegStatus, Review};
use gantry_workflow::expr::Value;
use gantry_workflow::plan::RunContexts;
use serde_json::json;

use crate::run::{Run, plan_of};

const CHAIN: &str = "
  a: {runs-on: x, steps: [{run: 'true'}]}
  b: {needs: a, runs-on: x, steps: [{run: 'true'}]}
  c: {needs: b, runs-on: x, steps: [{run: 'true'}]}
";

/// A job with these extra lines.
fn job(id: &str, lines: &[&str]) -> String {
    let mut text = format!("  {id}:\n");
    for line in lines {
        text.push_str(&format!("    {line}\n"));
    }
    if !lines.iter().any(|line| line.starts_with("runs-on")) {
        text.push_str("    runs-on: x\n");
    }
    text.push_str("    steps: [{run: 'true'}]\n");
    text
}

fn jobs(all: &[(&str, &[&str])]) -> String {
    all.iter().map(|(id, lines)| job(id, lines)).collect()
}

#[test]
fn a_job_is_queued_when_its_needs_have_succeeded() {
    let mut run = Run::new(CHAIN);
    assert_eq!(run.queued(), ["a"]);
    run.begin("a");
    assert!(run.queued().is_empty());
    run.succeed("a");
    assert_eq!(run.queued(), ["b"]);
    run.succeed("b");
    run.succeed("c");
    assert_eq!(run.conclusion, Some(Conclusion::Success));
}

#[test]
fn a_failure_skips_what_depends_on_it_and_says_so() {
    let mut run = Run::new(CHAIN);
    run.fail("a");
    assert_eq!((run.result("b"), run.result("c")), (Some("skipped"), Some("skipped")));
    assert_eq!(run.reasons["b"], "needs `a` failed");
    assert_eq!(run.reasons["c"], "needs `b` was skipped");
    assert_eq!(run.conclusion, Some(Conclusion::Failure));
}

#[test]
fn a_timed_out_job_counts_as_failed() {
    let mut run = Run::new(CHAIN);
    run.finish("a", Conclusion::TimedOut);
    assert_eq!(run.result("a"), Some("failure"));
    assert_eq!(run.conclusion, Some(Conclusion::Failure));
}

#[test]
fn behaviour_45_skipped_ancestor_makes_success_false() {
    let mut run = Run::new(&jobs(&[
        ("a", &["if: false"]),
        ("b", &["needs: a", "if: always()"]),
        ("c", &["needs: b"]),
        ("d", &["needs: b", "if: success() || failure()"]),
        ("e", &["needs: b", "if: always() && needs.b.result == 'success'"]),
    ]));
    assert_eq!(run.reasons["a"], "`if` is false: `false`");
    run.succeed("b");
    assert_eq!((run.result("c"), run.result("d")), (Some("skipped"), Some("skipped")));
    assert_eq!(run.reasons["c"], "`a` was skipped, and the jobs it needs depend on it");
    assert_eq!(run.queued(), ["e"]);
    run.succeed("e");
    assert_eq!(run.conclusion, Some(Conclusion::Success));
}

#[test]
fn failure_looks_at_all_ancestors() {
    let mut run = Run::new(&jobs(&[
        ("a", &[]),
        ("b", &["needs: a"]),
        ("cleanup", &["needs: b", "if: failure()"]),
        ("named", &["needs: [a, b]", "if: always() && failure('b')"]),
        ("other", &["needs: [a, b]", "if: always() && failure('a')"]),
    ]));
    run.fail("a");
    assert_eq!(run.queued(), ["cleanup", "other"]);
    assert_eq!(run.result("named"), Some("skipped"));
}

#[test]
fn an_all_skipped_run_is_skipped_and_a_partly_skipped_one_succeeds() {
    let run = Run::new(&jobs(&[("a", &["if: false"]), ("b", &["needs: a"])]));
    assert_eq!(run.conclusion, Some(Conclusion::Skipped));
    let mut run = Run::new(&jobs(&[("a", &["if: false"]), ("b", &[])]));
    run.succeed("b");
    assert_eq!(run.conclusion, Some(Conclusion::Success));
}

#[test]
fn an_if_reads_github_inputs_vars_and_needs() {
    let contexts = RunContexts {
        github: Value::from_json(&json!({"ref": "refs/heads/main"})),
        inputs: Value::from_json(&json!({"deploy": true})),
        vars: Value::from_json(&json!({"REGION": "eu"})),
    };
    let text = jobs(&[
        ("a", &["if: github.ref == 'refs/heads/main' && inputs.deploy && vars.region == 'EU'"]),
        ("b", &["needs: a", "if: needs.a.outputs.go == 'yes'"]),
        ("c", &["if: github.ref == 'refs/heads/dev'"]),
    ]);
    let mut run = Run::with(plan_of(&text, contexts), &[]);
    assert_eq!(run.queued(), ["a"]);
    assert_eq!(run.reasons["c"], "`if` is false: `github.ref == 'refs/heads/dev'`");
    run.finish_with("a", Conclusion::Success, &[("go", "yes")]);
    assert_eq!(run.queued(), ["b"]);
}

#[test]
fn an_if_that_cannot_be_evaluated_fails_the_job() {
    let run = Run::new(&jobs(&[("a", &["if: fromJSON('{') == 1"])]));
    assert_eq!(run.result("a"), Some("failure"));
    let reason = &run.reasons["a"];
    assert!(reason.starts_with("Error when evaluating 'if' for job 'a'. .github/"), "{reason}");
    assert_eq!(run.conclusion, Some(Conclusion::Failure));
}

#[test]
fn a_matrix_becomes_legs_with_contexts_and_names() {
    let run = Run::new(&jobs(&[(
        "test",
        &[
            "runs-on: ${{ matrix.os }}",
            "timeout-minutes: ${{ matrix.slow && 30 || 5 }}",
            "continue-on-error: ${{ matrix.os == 'mac' }}",
            "environment: {name: '${{ matrix.env }}'}",
            "strategy: {fail-fast: false, matrix: {os: [linux, mac], include: [{os: mac, slow: true, env: lab}]}}",
        ],
    )]));
    assert_eq!(run.names, ["test (linux)", "test (mac)"]);
    let (linux, mac) = (&run.legs["test"], &run.legs["test/1"]);
    assert_eq!(
        (linux.runs_on.as_slice(), mac.runs_on.as_slice()),
        (&["linux".to_owned()][..], &["mac".to_owned()][..])
    );
    assert_eq!((linux.timeout_minutes, mac.timeout_minutes), (5, 30));
    assert_eq!((linux.continue_on_error, mac.continue_on_error), (false, true));
    assert_eq!((linux.environment.as_deref(), mac.environment.as_deref()), (None, Some("lab")));
    assert_eq!(mac.matrix.to_json(), json!({"os": "mac", "slow": true, "env": "lab"}));
    assert_eq!(
        mac.strategy.to_json(),
        json!({"fail-fast": false, "job-index": 1, "job-total": 2, "max-parallel": 2})
    );
}

#[test]
fn a_job_without_a_matrix_is_one_leg_with_defaults() {
    let run = Run::new(&jobs(&[("a", &["runs-on: [self-hosted, linux]"])]));
    let leg = &run.legs["a"];
    assert_eq!(leg.runs_on, ["self-hosted", "linux"]);
    assert_eq!((leg.timeout_minutes, leg.continue_on_error), (360, false));
    assert_eq!(leg.matrix.to_json(), json!(null));
    assert_eq!(
        leg.strategy.to_json(),
        json!({"fail-fast": true, "job-index": 0, "job-total": 1, "max-parallel": 1})
    );
}

#[test]
fn a_matrix_may_come_from_the_outputs_of_a_need() {
    let mut run = Run::new(&jobs(&[
        ("list", &[]),
        (
            "test",
            &["needs: list", "strategy: {matrix: {n: '${{ fromJSON(needs.list.outputs.all) }}'}}"],
        ),
    ]));
    run.finish_with("list", Conclusion::Success, &[("all", "[1, 2, 3]")]);
    assert_eq!(run.queued(), ["test", "test/1", "test/2"]);
    assert_eq!(run.names, ["list", "test (1)", "test (2)", "test (3)"]);
}

#[test]
fn a_matrix_error_fails_the_job_in_githubs_words() {
    let mut run = Run::new(&jobs(&[
        ("list", &[]),
        (
            "test",
            &["needs: list", "strategy: {matrix: {n: '${{ fromJSON(needs.list.outputs.all) }}'}}"],
        ),
        ("after", &["needs: test"]),
    ]));
    run.finish_with("list", Conclusion::Success, &[("all", "[]")]);
    let reason = &run.reasons["test"];
    assert!(reason.starts_with("Error when evaluating 'strategy' for job 'test'."), "{reason}");
    assert!(reason.contains("(Line: 8, Col: "), "{reason}");
    assert!(reason.ends_with("Matrix vector 'n' does not contain any values"), "{reason}");
    assert_eq!(run.result("after"), Some("skipped"));
    assert_eq!(run.conclusion, Some(Conclusion::Failure));
}

#[test]
fn behaviour_44_a_skipped_job_does_not_look_at_its_matrix() {
    let run = Run::new(&jobs(&[(
        "test",
        &[
            "if: false",
            "name: 'T ${{ matrix.n }}'",
            "strategy: {matrix: {n: '${{ fromJSON(vars.none) }}'}}",
        ],
    )]));
    assert_eq!(run.result("test"), Some("skipped"));
    assert_eq!(run.names, ["test"]);
}

#[test]
fn behaviour_42_excluding_every_combination_runs_the_job_once_without_values() {
    let run = Run::new(&jobs(&[(
        "test",
        &["name: Test", "strategy: {matrix: {n: [1, 2], exclude: [{n: 1}, {n: 2}]}}"],
    )]));
    assert_eq!(run.queued(), ["test"]);
    assert_eq!(run.names, ["Test"]);
    assert_eq!(run.legs["test"].matrix.to_json(), json!(null));
}

#[test]
fn behaviour_43_a_name_with_an_expression_replaces_the_default() {
    let strategy = "strategy: {matrix: {os: [linux]}}";
    for (name, shown) in [
        ("name: Test", "Test (linux)"),
        ("name: Test ${{ matrix.os }}", "Test linux"),
        ("name: ${{ matrix.none }}", "test (linux)"),
    ] {
        assert_eq!(Run::new(&jobs(&[("test", &[name, strategy])])).names, [shown], "{name}");
    }
    let run = Run::new(&jobs(&[("a", &["if: false", "name: Go ${{ github.none }}on"])]));
    assert_eq!(run.names, ["Go on"]);
}

#[test]
fn a_key_of_the_wrong_kind_fails_the_job() {
    for (line, key, message) in [
        ("runs-on: ${{ vars.none }}", "runs-on", "Unexpected value ''"),
        (
            "timeout-minutes: ${{ vars.none || 'soon' }}",
            "timeout-minutes",
            "Unexpected value 'soon'",
        ),
        (
            "continue-on-error: ${{ format('true') }}",
            "continue-on-error",
            "Unexpected value 'true'",
        ),
        ("concurrency: ${{ vars.none }}", "concurrency", "Concurrency group name cannot be empty"),
        ("name: ${{ fromJSON('[1]') }}", "name", "A sequence was not expected"),
    ] {
        let run = Run::new(&jobs(&[("a", &[line])]));
        assert_eq!(run.conclusion, Some(Conclusion::Failure), "{line}");
        let reason = &run.reasons["a"];
        assert!(
            reason.starts_with(&format!("Error when evaluating '{key}' for job 'a'.")),
            "{reason}"
        );
        assert!(reason.ends_with(message), "{reason}");
    }
}

#[test]
fn a_failed_leg_cancels_the_others_of_its_matrix_only() {
    let mut run = Run::new(&jobs(&[
        ("test", &["strategy: {max-parallel: 2, matrix: {n: [1, 2, 3]}}"]),
        ("other", &[]),
    ]));
    run.begin("test/1");
    assert_eq!(run.queued(), ["other", "test"]);
    run.fail("test");
    assert!(run.is_told_to_cancel("test/1"));
    assert_eq!(run.with_status(LegStatus::Completed(Conclusion::Cancelled)), ["test/2"]);
    assert_eq!(run.reasons["test/2"], "fail-fast: `test (1)` failed");
    assert_eq!(run.queued(), ["other"]);
    run.finish("test/1", Conclusion::Cancelled);
    assert_eq!(run.result("test"), Some("failure"));
    run.succeed("other");
    assert_eq!(run.conclusion, Some(Conclusion::Failure));
}

#[test]
fn without_fail_fast_the_other_legs_go_on() {
    let mut run = Run::new(&jobs(&[("t", &["strategy: {fail-fast: false, matrix: {n: [1, 2]}}"])]));
    run.fail("t");
    assert_eq!(run.queued(), ["t/1"]);
    run.succeed("t/1");
    assert_eq!(run.result("t"), Some("failure"));
}

#[test]
fn continue_on_error_neither_fails_the_run_nor_fires_fail_fast() {
    let mut run = Run::new(&jobs(&[
        ("t", &["continue-on-error: ${{ matrix.n == 1 }}", "strategy: {matrix: {n: [1, 2]}}"]),
        ("after", &["needs: t"]),
    ]));
    run.fail("t");
    assert_eq!(run.queued(), ["t/1"]);
    run.succeed("t/1");
    assert_eq!(run.needs_of("after"), json!({"t": {"result": "success", "outputs": {}}}));
    run.succeed("after");
    assert_eq!(run.conclusion, Some(Conclusion::Success));
}

#[test]
fn max_parallel_lets_the_next_leg_start_when_one_ends() {
    let mut run =
        Run::new(&jobs(&[("t", &["strategy: {max-parallel: 2, matrix: {n: [1, 2, 3, 4]}}"])]));
    assert_eq!(run.queued(), ["t", "t/1"]);
    run.begin("t/1");
    assert_eq!(run.queued(), ["t"]);
    run.succeed("t/1");
    assert_eq!(run.queued(), ["t", "t/2"]);
    run.succeed("t");
    assert_eq!(run.queued(), ["t/2", "t/3"]);
}

#[test]
fn behaviour_46_outputs_of_legs_merge_and_the_last_to_complete_wins() {
    let mut run = Run::new(&jobs(&[
        ("t", &["strategy: {matrix: {n: [1, 2, 3]}}"]),
        ("after", &["needs: t"]),
    ]));
    run.finish_with("t/2", Conclusion::Success, &[("shared", "third"), ("c", "3")]);
    run.finish_with("t", Conclusion::Success, &[("shared", "first"), ("a", "1")]);
    run.finish_with("t/1", Conclusion::Success, &[("shared", ""), ("a", "")]);
    assert_eq!(
        run.needs_of("after"),
        json!({"t": {"result": "success", "outputs": {"a": "1", "c": "3", "shared": "first"}}})
    );
}

#[test]
fn needs_holds_direct_needs_only() {
    let mut run = Run::new(CHAIN);
    run.succeed("a");
    run.succeed("b");
    assert_eq!(run.needs_of("c"), json!({"b": {"result": "success", "outputs": {}}}));
}

#[test]
fn a_protected_environment_waits_for_a_review() {
    let text = jobs(&[("deploy", &["environment: Production"]), ("open", &["environment: lab"])]);
    let mut run = Run::protected(&text, &["production"]);
    assert_eq!(run.with_status(LegStatus::Waiting), ["deploy"]);
    assert_eq!(run.queued(), ["open"]);
    run.review("deploy", Review::Approved);
    assert_eq!(run.queued(), ["deploy", "open"]);

    let mut run = Run::protected(&text, &["production"]);
    run.review("deploy", Review::Rejected);
    assert_eq!(run.result("deploy"), Some("failure"));
    assert_eq!(run.reasons["deploy"], "the deployment to `Production` was rejected");
    run.succeed("open");
    assert_eq!(run.conclusion, Some(Conclusion::Failure));
}

#[test]
fn a_waiting_leg_takes_no_room_and_an_approved_one_does() {
    let mut run = Run::protected(
        &jobs(&[(
            "d",
            &[
                "environment: '${{ matrix.e }}'",
                "strategy: {max-parallel: 1, matrix: {e: [prod, lab, prod2]}}",
            ],
        )]),
        &["prod", "prod2"],
    );
    assert_eq!(run.with_status(LegStatus::Waiting), ["d", "d/2"]);
    assert_eq!(run.queued(), ["d/1"]);
    run.review("d", Review::Approved);
    assert_eq!(run.queued(), ["d/1"]);
    run.succeed("d/1");
    assert_eq!(run.queued(), ["d"]);
}

#[test]
fn cancelling_ends_what_waits_and_tells_what_runs() {
    let mut run = Run::protected(
        &jobs(&[
            ("running", &[]),
            ("queued", &[]),
            ("waiting", &["environment: prod"]),
            ("later", &["needs: running"]),
            ("cleanup", &["needs: running", "if: always()"]),
        ]),
        &["prod"],
    );
    run.begin("running");
    run.cancel();
    assert!(run.is_told_to_cancel("running"));
    assert_eq!(
        (run.result("queued"), run.result("waiting")),
        (Some("cancelled"), Some("cancelled"))
    );
    assert_eq!(run.reasons["queued"], "the run was cancelled");
    run.finish("running", Conclusion::Cancelled);
    assert_eq!(run.result("later"), Some("skipped"));
    assert_eq!(run.reasons["later"], "needs `running` was cancelled");
    assert_eq!(run.queued(), ["cleanup"]);
    run.succeed("cleanup");
    assert_eq!(run.conclusion, Some(Conclusion::Cancelled));
}

#[test]
fn a_job_that_only_the_cancellation_kept_from_running_is_cancelled() {
    let mut run = Run::new(CHAIN);
    run.begin("a");
    run.cancel();
    run.succeed("a");
    assert_eq!(run.reasons["b"], "the run was cancelled");
    assert_eq!((run.result("b"), run.result("c")), (Some("cancelled"), Some("skipped")));
    assert_eq!(run.conclusion, Some(Conclusion::Cancelled));
}

#[test]
fn jobs_whose_if_holds_under_cancellation_go_on() {
    let mut run = Run::new(&jobs(&[
        ("a", &[]),
        ("keep", &["if: always()", "strategy: {max-parallel: 1, matrix: {n: [1, 2]}}"]),
        ("told", &["if: cancelled() || success()"]),
        ("stop", &["if: '!cancelled()'"]),
        ("failing", &["if: failure()", "needs: a"]),
    ]));
    run.begin("keep");
    run.begin("told");
    run.begin("stop");
    run.fail("a");
    run.begin("failing");
    run.cancel();
    assert!(!run.is_told_to_cancel("keep"));
    assert!(!run.is_told_to_cancel("told"));
    assert!(run.is_told_to_cancel("stop"));
    assert!(run.is_told_to_cancel("failing"));
    run.succeed("keep");
    assert_eq!(run.queued(), ["keep/1"]);
}

#[test]
fn a_job_level_concurrency_group_is_evaluated_for_each_leg() {
    let run = Run::new(&jobs(&[(
        "d",
        &[
            "concurrency: {group: 'deploy-${{ matrix.e }}', cancel-in-progress: true}",
            "strategy: {matrix: {e: [lab]}}",
        ],
    )]));
    let slot = run.legs["d"].concurrency.clone().unwrap();
    assert_eq!((slot.group.as_str(), slot.cancel_in_progress), ("deploy-lab", true));
}
