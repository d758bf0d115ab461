//! Reusable workflows in a run (`semantics` 4.1, 4.3, 4.7 and 4.9).

use std::collections::BTreeMap;

use gantry_workflow::advance::{Conclusion, Scope, secrets_of_job};
use gantry_workflow::expr::Value;
use gantry_workflow::model::{Access, JobId, JobKind};
use gantry_workflow::plan::{RunContexts, plan};
use serde_json::json;

use crate::files::loaded;
use crate::run::Run;

/// Two jobs in a row; hands back the second one's output.
const CHAIN: &str = "on:
  workflow_call:
    outputs:
      url: {value: '${{ jobs.deploy.outputs.url }}'}
jobs:
  build: {runs-on: x}
  deploy: {needs: build, runs-on: x, outputs: {url: u}}
";

/// A run of these jobs, which may call these files.
fn run(jobs: &str, files: &[(&str, &str)]) -> Run {
    run_with(jobs, files, RunContexts::default())
}

fn run_with(jobs: &str, files: &[(&str, &str)], contexts: RunContexts) -> Run {
    let loaded = loaded(&format!("on: push\njobs:\n{jobs}"), files);
    Run::with(plan(loaded.workflow, contexts, "a title").unwrap(), &[])
}

const CALL: &str = "  call: {uses: ./.github/workflows/f.yml}\n";

#[test]
fn called_jobs_run_in_their_own_order_and_hand_back_outputs() {
    let jobs = format!("{CALL}  after: {{needs: call, runs-on: x}}\n");
    let mut run = run(&jobs, &[("f.yml", CHAIN)]);
    assert_eq!(run.queued(), ["call/0/build"]);
    run.succeed("call/0/build");
    assert_eq!(run.queued(), ["call/0/deploy"]);
    assert_eq!(run.result("call"), None);
    run.finish_with("call/0/deploy", Conclusion::Success, &[("url", "https://a")]);
    assert_eq!(run.result("call"), Some("success"));
    assert_eq!(run.queued(), ["after"]);
    let expected = json!({"call": {"result": "success", "outputs": {"url": "https://a"}}});
    assert_eq!(run.needs_of("after"), expected);
    run.succeed("after");
    assert_eq!(run.conclusion, Some(Conclusion::Success));
}

#[test]
fn names_stand_behind_those_of_their_callers() {
    let outer = "on: workflow_call
jobs:
  again: {name: 'Again ${{ github.ref_name }}', uses: ./.github/workflows/f.yml}
";
    let jobs = "
  call:
    strategy: {matrix: {os: [linux]}}
    uses: ./.github/workflows/outer.yml
  skipped: {if: false, uses: ./.github/workflows/f.yml}
";
    let github = Value::from_json(&json!({"ref_name": "main"}));
    let contexts = RunContexts { github, ..RunContexts::default() };
    let mut run = run_with(jobs, &[("outer.yml", outer), ("f.yml", CHAIN)], contexts);
    run.fail("call/0/again/0/build");
    let mut names = run.names.clone();
    names.sort();
    assert_eq!(
        names,
        [
            "call (linux)",
            "call (linux) / Again main",
            "call (linux) / Again main / build",
            "call (linux) / Again main / deploy",
            "skipped",
        ]
    );
}

#[test]
fn a_failure_within_fails_the_call_and_what_depends_on_it() {
    let jobs = format!("{CALL}  after: {{needs: call, runs-on: x}}\n");
    let mut run = run(&jobs, &[("f.yml", CHAIN)]);
    run.fail("call/0/build");
    assert_eq!(run.reasons["call/0/deploy"], "needs `build` failed");
    assert_eq!((run.result("call"), run.result("after")), (Some("failure"), Some("skipped")));
    assert_eq!(run.reasons["after"], "needs `call` failed");
    assert_eq!(run.conclusion, Some(Conclusion::Failure));
}

#[test]
fn a_call_whose_jobs_are_all_skipped_is_skipped() {
    let never =
        "on: workflow_call\njobs:\n  a: {if: false, runs-on: x}\n  b: {needs: a, runs-on: x}\n";
    let jobs = format!("{CALL}  after: {{needs: call, runs-on: x}}\n");
    let run = run(&jobs, &[("f.yml", never)]);
    assert_eq!((run.result("call"), run.result("after")), (Some("skipped"), Some("skipped")));
    assert_eq!(run.conclusion, Some(Conclusion::Skipped));
}

#[test]
fn status_functions_look_at_their_own_file_only() {
    let called = "on: workflow_call
jobs:
  a: {runs-on: x}
  on-failure: {needs: a, if: failure(), runs-on: x}
";
    let jobs = "
  broken: {runs-on: x}
  call: {needs: broken, if: always(), uses: ./.github/workflows/f.yml}
";
    let mut run = run(jobs, &[("f.yml", called)]);
    run.fail("broken");
    // `success()` of `a` holds, although an ancestor of the call has failed.
    assert_eq!(run.queued(), ["call/0/a"]);
    run.succeed("call/0/a");
    assert_eq!(run.result("call/0/on-failure"), Some("skipped"));
    assert_eq!(run.result("call"), Some("success"));
}

#[test]
fn inputs_are_typed_and_come_from_needs_and_matrix() {
    let called = "on:
  workflow_call:
    inputs:
      version: {type: string}
      fast: {type: boolean}
      count: {type: number}
      branch: {type: string, default: '${{ github.ref_name }}'}
      flag: {type: boolean}
      title: {type: string}
      zero: {type: number}
jobs:
  a: {runs-on: '${{ toJSON(inputs) }}'}
";
    let jobs = "
  first: {runs-on: x, outputs: {version: v}}
  call:
    needs: first
    strategy: {matrix: {count: [2]}}
    uses: ./.github/workflows/f.yml
    with:
      version: ${{ needs.first.outputs.version }}
      FAST: ${{ matrix.count == 2 }}
      count: ${{ matrix.count }}
";
    let contexts = RunContexts {
        github: Value::from_json(&json!({"ref_name": "main"})),
        inputs: Value::from_json(&json!({"hidden": "of the caller"})),
        vars: Value::Null,
    };
    let mut run = run_with(jobs, &[("f.yml", called)], contexts);
    run.finish_with("first", Conclusion::Success, &[("version", "1.2")]);
    let inputs: serde_json::Value = serde_json::from_str(&run.legs["call/0/a"].runs_on[0]).unwrap();
    assert_eq!(
        inputs,
        json!({
            "version": "1.2", "fast": true, "count": 2, "branch": "main", "flag": false,
            "title": "", "zero": 0,
        })
    );
}

#[test]
fn a_value_of_the_wrong_type_fails_the_call_when_it_starts() {
    let called =
        "on: {workflow_call: {inputs: {fast: {type: boolean}}}}\njobs: {a: {runs-on: x}}\n";
    let jobs = "  call:
    uses: ./.github/workflows/f.yml
    with: {fast: '${{ github.ref_name }}'}
";
    let contexts = RunContexts {
        github: Value::from_json(&json!({"ref_name": "main"})),
        ..RunContexts::default()
    };
    let run = run_with(jobs, &[("f.yml", called)], contexts);
    assert_eq!(
        run.reasons["call"],
        "Error when evaluating 'with' for job 'call'. .github/workflows/ci.yml (Line: 5, Col: 18): \
         Unexpected value 'main'"
    );
    assert_eq!(run.conclusion, Some(Conclusion::Failure));
}

#[test]
fn each_leg_of_a_matrix_calls_the_file_once() {
    let jobs = "
  call:
    strategy: {max-parallel: 1, matrix: {n: [1, 2]}}
    uses: ./.github/workflows/f.yml
  after: {needs: call, runs-on: x}
";
    let mut run = run(jobs, &[("f.yml", CHAIN)]);
    assert_eq!(run.queued(), ["call/0/build"], "`max-parallel` holds the second leg back");
    run.succeed("call/0/build");
    run.finish_with("call/0/deploy", Conclusion::Success, &[("url", "one")]);
    run.succeed("call/1/build");
    run.finish_with("call/1/deploy", Conclusion::Success, &[("url", "two")]);
    assert_eq!(run.needs_of("after")["call"]["outputs"]["url"], "two");
}

#[test]
fn a_failed_leg_of_a_calling_matrix_cancels_the_others() {
    let jobs = "
  call:
    strategy: {matrix: {n: [1, 2, 3]}, max-parallel: 2}
    uses: ./.github/workflows/f.yml
";
    let mut run = run(jobs, &[("f.yml", CHAIN)]);
    run.begin("call/1/build");
    run.fail("call/0/build");
    assert!(run.is_told_to_cancel("call/1/build"));
    assert_eq!(run.reasons["call/1/build"], "`call (2)` was cancelled");
    run.finish("call/1/build", Conclusion::Cancelled);
    assert_eq!(run.result("call/1/deploy"), Some("skipped"));
    assert_eq!(run.result("call"), Some("failure"));
    assert_eq!(run.conclusion, Some(Conclusion::Failure));
}

#[test]
fn a_cancelled_run_ends_called_jobs_but_those_that_run_always() {
    let called = "on: workflow_call
jobs:
  a: {runs-on: x}
  b: {needs: a, runs-on: x}
  tidy: {needs: b, if: always(), runs-on: x}
";
    let mut run = run(CALL, &[("f.yml", called)]);
    run.begin("call/0/a");
    run.cancel();
    assert!(run.is_told_to_cancel("call/0/a"));
    run.finish("call/0/a", Conclusion::Cancelled);
    assert_eq!(run.result("call/0/b"), Some("skipped"));
    assert_eq!(run.queued(), ["call/0/tidy"]);
    run.succeed("call/0/tidy");
    assert_eq!(run.result("call"), Some("cancelled"));
    assert_eq!(run.conclusion, Some(Conclusion::Cancelled));
}

#[test]
fn a_call_does_not_begin_before_its_needs_nor_in_a_cancelled_run() {
    let jobs = "  a: {runs-on: x}\n  call: {needs: a, uses: ./.github/workflows/f.yml}\n";
    let mut run = run(jobs, &[("f.yml", CHAIN)]);
    assert_eq!(run.state.jobs.len(), 1);
    run.begin("a");
    run.cancel();
    run.succeed("a");
    assert_eq!(run.result("call"), Some("cancelled"));
    assert_eq!(run.state.jobs.len(), 2, "no called job has come up");
}

#[test]
fn an_output_that_cannot_be_evaluated_fails_the_call() {
    let called = "on: {workflow_call: {outputs: {a: {value: \"${{ fromJSON(jobs.a.result) }}\"}}}}
jobs: {a: {runs-on: x}}
";
    let mut run = run(CALL, &[("f.yml", called)]);
    run.succeed("call/0/a");
    assert_eq!(run.result("call"), Some("failure"));
    assert!(run.reasons["call"].starts_with("Error when evaluating 'outputs'. octo/app/"));
}

#[test]
fn secrets_reach_a_called_job_only_where_every_caller_passes_them_on() {
    let outer = "on: {workflow_call: {secrets: {token: {required: true}}}}
jobs:
  named: {uses: ./.github/workflows/inner.yml, secrets: {key: 'x-${{ secrets.TOKEN }}'}}
  all: {uses: ./.github/workflows/inner.yml, secrets: inherit}
  none: {uses: ./.github/workflows/inner.yml}
";
    let inner = "on: {workflow_call: {secrets: {key: }}}\njobs: {a: {runs-on: x}}\n";
    let jobs = "
  call:
    uses: ./.github/workflows/outer.yml
    secrets: {token: '${{ secrets.mine }}'}
  own: {runs-on: x}
";
    let run = run(jobs, &[("outer.yml", outer), ("inner.yml", inner)]);
    let secrets = |key: &str, own: &[(&str, &str)]| {
        let own = own.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        secrets_of_job(&run.plan, &run.state, &JobId(key.to_owned()), own)
            .map(|secrets: BTreeMap<String, String>| secrets.into_iter().collect::<Vec<_>>())
    };
    let own = [("MINE", "m"), ("OTHER", "o")];
    let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    };
    assert_eq!(secrets("own", &own).unwrap(), pairs(&own));
    assert_eq!(secrets("call/0/named/0/a", &own).unwrap(), pairs(&[("KEY", "x-m")]));
    assert_eq!(secrets("call/0/all/0/a", &own).unwrap(), pairs(&[("TOKEN", "m")]));
    assert_eq!(secrets("call/0/none/0/a", &own).unwrap(), pairs(&[]));
    assert_eq!(
        secrets("call/0/named/0/a", &[("OTHER", "o")]).unwrap_err(),
        "Error when evaluating 'secrets'. .github/workflows/ci.yml (Line: 5, Col: 11): Secret \
         token is required, but not provided while calling."
    );
}

#[test]
fn behaviour_50_a_called_file_sees_the_event_of_its_caller_and_not_its_env() {
    let called = "on: workflow_call
jobs:
  a: {runs-on: '${{ github.event.label }}-${{ github.event_name }}'}
";
    let top = "on: push
env: {COLOR: red}
jobs: {call: {uses: ./.github/workflows/f.yml}}
";
    let github = json!({"event_name": "push", "event": {"label": "big"}});
    let contexts = RunContexts { github: Value::from_json(&github), ..RunContexts::default() };
    let loaded = loaded(top, &[("f.yml", called)]);
    let run = Run::with(plan(loaded.workflow, contexts, "").unwrap(), &[]);
    assert_eq!(run.legs["call/0/a"].runs_on, ["big-push"]);
    let key = JobId("call/0/a".to_owned());
    let (scope, job) = Scope::of_job(&run.plan, &run.state, &key).unwrap();
    assert!(run.plan.workflow.env.is_some() && scope.workflow().env.is_none());
    assert!(matches!(&job.kind, JobKind::Steps(steps) if steps.env.is_none()));
}

#[test]
fn a_called_job_has_the_permissions_of_the_nearest_place_that_says_some() {
    let called = |permissions: &str| {
        format!(
            "on: workflow_call\n{permissions}jobs:\n  a: {{runs-on: x}}\n  b: {{runs-on: x, permissions: {{}}}}\n"
        )
    };
    let granted = |top: &str, called: &str, key: &str| {
        let loaded = loaded(&format!("on: push\n{top}"), &[("f.yml", called)]);
        let run = Run::with(plan(loaded.workflow, RunContexts::default(), "").unwrap(), &[]);
        let (scope, job) = Scope::of_job(&run.plan, &run.state, &JobId(key.to_owned())).unwrap();
        let granted = scope.permissions(job).granted();
        granted.into_iter().filter(|(scope, _)| scope != "metadata").collect::<Vec<_>>()
    };
    let jobs = "jobs: {call: {uses: ./.github/workflows/f.yml}}\n";
    let read = |scope: &str| (scope.to_owned(), Access::Read);
    let plain = called("");
    assert_eq!(granted(jobs, &plain, "call/0/a"), [read("contents"), read("packages")]);
    assert!(granted(jobs, &plain, "call/0/b").is_empty());
    let of_file = format!("permissions: {{issues: write}}\n{jobs}");
    assert_eq!(granted(&of_file, &plain, "call/0/a"), [("issues".to_owned(), Access::Write)]);
    let of_job = "permissions: {issues: write}
jobs: {call: {permissions: {checks: read}, uses: ./.github/workflows/f.yml}}
";
    assert_eq!(granted(of_job, &plain, "call/0/a"), [read("checks")]);
    let lowered = called("permissions: {issues: read}\n");
    assert_eq!(granted(&of_file, &lowered, "call/0/a"), [read("issues")]);
}

#[test]
fn a_group_of_the_called_file_holds_the_call() {
    let called = "on: {workflow_call: {inputs: {to: {type: string}}}}
concurrency: 'deploy-${{ inputs.to }}'
jobs: {a: {runs-on: x}}
";
    let jobs = "  call: {uses: ./.github/workflows/f.yml, with: {to: prod}}\n";
    let run = run(jobs, &[("f.yml", called)]);
    assert_eq!(run.legs["call"].concurrency.as_ref().unwrap().group, "deploy-prod");
}
