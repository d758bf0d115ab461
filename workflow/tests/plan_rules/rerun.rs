//! What runs again in a further attempt (`semantics` 4.8).

use std::collections::BTreeSet;

use gantry_workflow::advance::{Conclusion, Fate, LegKey, Rerun, rerun};
use gantry_workflow::model::JobId;

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
    rerun(&run.plan, &run.state, wanted)[&JobId(job.to_owned())].clone()
}

fn leg(job: &str, leg: u32) -> Rerun {
    Rerun::Leg(LegKey { job: JobId(job.to_owned()), leg })
}

#[test]
fn all_jobs_run_again() {
    let run = ended();
    let fates = rerun(&run.plan, &run.state, &Rerun::All);
    assert_eq!(fates.len(), 6);
    assert!(fates.values().all(|fate| *fate == Fate::Again), "{fates:?}");
}

#[test]
fn failed_legs_run_again_with_what_depends_on_them_also_if_it_was_skipped() {
    let run = ended();
    let of = |job| fate(&run, &Rerun::Failed, job);
    assert_eq!(of("test"), Fate::Legs(BTreeSet::from([1])));
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
    assert_eq!(fate(&run, &leg("test", 2), "test"), Fate::Legs(BTreeSet::from([2])));
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
