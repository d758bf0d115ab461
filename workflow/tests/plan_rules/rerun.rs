//! What runs again in a further attempt (`semantics` 4.8).

use std::collections::BTreeSet;

use gantry_workflow::advance::{Conclusion, Fate, LegKey, Legs, Rerun, rerun};
use gantry_workflow::model::JobId;
use gantry_workflow::plan::{RunContexts, plan};

use crate::files::loaded;
use crate::run::Run;

const JOBS: &str = "
  build: {runs-on: x, steps: [{run: 'true'}]}
  test: {runs-on: x, strategy: {fail-fast: false, matrix: {n: [1, 2, 3]}}, steps: [{run: 'true'}]}
  lint: {runs-on: x, continue-on-error: true, steps: [{run: 'true'}]}
  deploy: {runs-on: x, needs: [build, test], steps: [{run: 'true'}]}
  report: {runs-on: x, needs: deploy, if: always(), steps: [{run: 'true'}]}
  skipped: {runs-on: x, if: false, steps: [{run: 'true'}]}
";

/// `build` succeeds, the second leg of `test` fails, `deploy` is skipped for it.
fn ended() -> Run {
    let mut run = Run::new(JOBS);
    run.succeed("build");
    run.succeed("test");
    run.fail("test/1");
    run.succeed("test/2");
    run.succeed("lint");
    run.succeed("report");
    assert_eq!(run.conclusion, Some(Conclusion::Failure));
    run
}

fn fate(run: &Run, wanted: &Rerun, job: &str) -> Fate {
    let fates = rerun(&run.plan, &run.state, wanted);
    fates.into_iter().find(|(new, _)| new.key.as_str() == job).unwrap().1
}

fn again(leg: u32) -> Fate {
    Fate::Legs(Legs { again: BTreeSet::from([leg]), ..Legs::default() })
}

fn leg(job: &str, leg: u32) -> Rerun {
    Rerun::Leg(LegKey { job: JobId(job.to_owned()), leg })
}

#[test]
fn all_jobs_run_again() {
    let run = ended();
    let fates = rerun(&run.plan, &run.state, &Rerun::All);
    assert_eq!(fates.len(), 6);
    assert!(fates.iter().all(|(_, fate)| *fate == Fate::Again), "{fates:?}");
}

#[test]
fn failed_legs_run_again_with_what_depends_on_them_also_if_it_was_skipped() {
    let run = ended();
    let of = |job| fate(&run, &Rerun::Failed, job);
    assert_eq!(of("test"), again(1));
    assert_eq!((of("deploy"), of("report")), (Fate::Again, Fate::Again));
    for kept in ["build", "lint", "skipped"] {
        assert_eq!(of(kept), Fate::Keep, "{kept}");
    }
}

#[test]
fn a_failure_hidden_by_continue_on_error_runs_again_and_a_cancelled_job_too() {
    let jobs = "
  a: {runs-on: x, continue-on-error: true, steps: [{run: 'true'}]}
  b: {runs-on: x, steps: [{run: 'true'}]}
  c: {runs-on: x, steps: [{run: 'true'}]}
";
    let mut run = Run::new(jobs);
    run.fail("a");
    run.succeed("b");
    run.cancel();
    assert_eq!(fate(&run, &Rerun::Failed, "a"), Fate::Again);
    assert_eq!(fate(&run, &Rerun::Failed, "b"), Fate::Keep);
    assert_eq!(fate(&run, &Rerun::Failed, "c"), Fate::Again);
}

#[test]
fn one_job_runs_again_with_its_dependents_and_one_leg_alone() {
    let run = ended();
    assert_eq!(fate(&run, &leg("test", 2), "test"), again(2));
    assert_eq!(fate(&run, &leg("test", 2), "deploy"), Fate::Again);
    assert_eq!(fate(&run, &leg("lint", 0), "lint"), Fate::Again);
    assert_eq!(fate(&run, &leg("lint", 0), "deploy"), Fate::Keep);
    assert_eq!(fate(&run, &leg("skipped", 0), "skipped"), Fate::Again);
}

#[test]
fn nothing_runs_again_when_nothing_failed() {
    let mut run = Run::new("  a: {runs-on: x, steps: [{run: 'true'}]}\n");
    run.succeed("a");
    assert_eq!(fate(&run, &Rerun::Failed, "a"), Fate::Keep);
}

/// `build`, then `test` and `lint` of the file that `call` calls, then `after`; `test` fails.
fn ended_call(of_caller: &str) -> Run {
    let called = "on: workflow_call
jobs:
  build: {runs-on: x}
  test: {needs: build, runs-on: x}
  lint: {runs-on: x}
  report: {needs: test, if: always(), runs-on: x}
";
    let jobs = format!(
        "on: push\njobs:\n  call: {{uses: ./.github/workflows/f.yml{of_caller}}}\n  after: {{needs: call, runs-on: x}}\n"
    );
    let loaded = loaded(&jobs, &[("f.yml", called)]);
    let mut run = Run::with(plan(loaded.workflow, RunContexts::default(), "").unwrap(), &[]);
    run.succeed("call/0/build");
    run.succeed("call/0/lint");
    run.fail("call/0/test");
    run.succeed("call/0/report");
    assert_eq!(run.conclusion, Some(Conclusion::Failure));
    run
}

/// The jobs that do not keep their results.
fn changed(run: &Run, wanted: &Rerun) -> Vec<(String, Fate)> {
    let fates = rerun(&run.plan, &run.state, wanted).into_iter();
    let changed = fates.filter(|(_, fate)| *fate != Fate::Keep);
    changed.map(|(job, fate)| (job.key.0, fate)).collect()
}

#[test]
fn a_called_job_runs_again_with_its_dependents_and_the_rest_of_the_call_is_kept() {
    let run = ended_call("");
    let within = Fate::Legs(Legs { within: BTreeSet::from([0]), ..Legs::default() });
    let expected = |called: &[&str]| {
        let mut all = vec![("call".to_owned(), within.clone())];
        all.extend(called.iter().map(|job| (format!("call/0/{job}"), Fate::Again)));
        all.push(("after".to_owned(), Fate::Again));
        all
    };
    assert_eq!(changed(&run, &leg("call/0/lint", 0)), expected(&["lint"]));
    assert_eq!(changed(&run, &leg("call/0/build", 0)), expected(&["build", "test", "report"]));
    assert_eq!(changed(&run, &Rerun::Failed), expected(&["test", "report"]));
}

#[test]
fn a_call_that_asks_for_a_concurrency_group_runs_again_as_a_whole() {
    let run = ended_call(", concurrency: one");
    let expected = [("call".to_owned(), Fate::Again), ("after".to_owned(), Fate::Again)];
    assert_eq!(changed(&run, &leg("call/0/lint", 0)), expected);
}
