//! What runs again in a further attempt (`semantics` 4.8).

use std::collections::BTreeSet;

use chrono::DateTime;
use gantry_workflow::advance::{
    Conclusion, Fate, JobState, LegKey, LegState, LegStatus, Legs, Rerun, RunState, SlotState,
    Transition, advance, job_result, rerun,
};
use gantry_workflow::model::JobId;
use gantry_workflow::plan::{RunContexts, RunPlan, plan};

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
fn a_call_that_asks_for_a_concurrency_group_runs_again_in_part_too() {
    let run = ended_call(", concurrency: one");
    let within = Fate::Legs(Legs { within: BTreeSet::from([0]), ..Legs::default() });
    let expected = [
        ("call".to_owned(), within),
        ("call/0/lint".to_owned(), Fate::Again),
        ("after".to_owned(), Fate::Again),
    ];
    assert_eq!(changed(&run, &leg("call/0/lint", 0)), expected);
}

/// The second attempt of a call with a concurrency group, of which the failed jobs run again.
fn second_attempt() -> (RunPlan, RunState) {
    let run = ended_call(", concurrency: one");
    let mut state = run.state;
    for job in ["call/0/test", "call/0/report", "after"] {
        state.jobs.insert(JobId(job.to_owned()), JobState::Blocked);
    }
    let call = call_leg(&mut state);
    (call.status, call.slot, call.completed_order) =
        (LegStatus::Pending, SlotState::Unclaimed, None);
    (run.plan, state)
}

fn call_leg(state: &mut RunState) -> &mut LegState {
    state.leg_mut(&LegKey { job: JobId("call".to_owned()), leg: 0 }).unwrap()
}

/// What happens now, in short, and the state after it.
fn look(plan: &RunPlan, state: &mut RunState) -> Vec<String> {
    let transitions = advance(plan, state, DateTime::UNIX_EPOCH);
    for transition in &transitions {
        state.apply(transition);
    }
    let short = |transition: &Transition| match transition {
        Transition::Claim { leg, slot } => format!("{} claims {}", leg.job, slot.group),
        Transition::Enter { leg, jobs } => format!("{} enters {} new jobs", leg.job, jobs.len()),
        Transition::Expand { job, .. } => format!("{job} expands"),
        Transition::Queue { leg } => format!("{} is queued", leg.job),
        Transition::End { job, conclusion, .. } => format!("{job} ends {conclusion}"),
        Transition::Conclude { leg, conclusion, .. } => format!("{} ends {conclusion}", leg.job),
        Transition::ConcludeRun { conclusion } => format!("the run ends {conclusion}"),
        other => format!("{other:?}"),
    };
    transitions.iter().map(short).collect()
}

#[test]
fn what_runs_again_of_a_call_waits_for_the_group_of_the_call() {
    let (plan, mut state) = second_attempt();
    assert_eq!(look(&plan, &mut state), ["call claims one"]);
    assert!(look(&plan, &mut state).is_empty(), "it waits");
    call_leg(&mut state).slot = SlotState::Held;
    let expected = ["call enters 0 new jobs", "call/0/test expands", "call/0/test is queued"];
    assert_eq!(look(&plan, &mut state), expected);
}

#[test]
fn a_call_that_never_gets_its_group_ends_with_what_was_to_run_again_of_it() {
    let (plan, mut state) = second_attempt();
    call_leg(&mut state).slot = SlotState::Refused("because".to_owned());
    let expected = [
        "call ends cancelled",
        "call/0/test ends cancelled",
        "call/0/report ends cancelled",
        "after ends skipped",
        "the run ends cancelled",
    ];
    assert_eq!(look(&plan, &mut state), expected);
    assert_eq!(job_result(&state, &JobId("call/0/build".to_owned())), Some(Conclusion::Success));
}

#[test]
fn a_leg_that_was_to_run_again_ends_with_the_call_that_never_gets_its_group() {
    let (plan, mut state) = second_attempt();
    let test = LegKey { job: JobId("call/0/test".to_owned()), leg: 0 };
    let ended = ended_call(", concurrency: one").state.jobs.remove(&test.job).unwrap();
    state.jobs.insert(test.job.clone(), ended);
    state.leg_mut(&test).unwrap().status = LegStatus::Pending;
    state.cancel_requested = true;
    let expected = [
        "call ends cancelled",
        "call/0/test ends cancelled",
        "call/0/report ends cancelled",
        "after ends skipped",
        "the run ends cancelled",
    ];
    assert_eq!(look(&plan, &mut state), expected);
}

#[test]
fn a_call_within_a_call_that_never_gets_its_group_ends_with_it() {
    let outer = "on: workflow_call\njobs:\n  inner: {uses: ./.github/workflows/inner.yml, concurrency: two}\n";
    let inner = "on: workflow_call\njobs:\n  build: {runs-on: x}\n  test: {runs-on: x}\n";
    let caller =
        "on: push\njobs:\n  call: {uses: ./.github/workflows/outer.yml, concurrency: one}\n";
    let loaded = loaded(caller, &[("outer.yml", outer), ("inner.yml", inner)]);
    let mut run = Run::with(plan(loaded.workflow, RunContexts::default(), "").unwrap(), &[]);
    run.succeed("call/0/inner/0/build");
    run.fail("call/0/inner/0/test");
    let within = Fate::Legs(Legs { within: BTreeSet::from([0]), ..Legs::default() });
    let expected = [
        ("call".to_owned(), within.clone()),
        ("call/0/inner".to_owned(), within),
        ("call/0/inner/0/test".to_owned(), Fate::Again),
    ];
    assert_eq!(changed(&run, &Rerun::Failed), expected);

    let mut state = run.state;
    state.jobs.insert(JobId("call/0/inner/0/test".to_owned()), JobState::Blocked);
    for job in ["call", "call/0/inner"] {
        let leg = state.leg_mut(&LegKey { job: JobId(job.to_owned()), leg: 0 }).unwrap();
        (leg.status, leg.slot) = (LegStatus::Pending, SlotState::Unclaimed);
    }
    let mut goes_on = state.clone();
    call_leg(&mut state).slot = SlotState::Refused("because".to_owned());
    let expected = [
        "call ends cancelled",
        "call/0/inner ends cancelled",
        "call/0/inner/0/test ends cancelled",
        "the run ends cancelled",
    ];
    assert_eq!(look(&run.plan, &mut state), expected);
    call_leg(&mut goes_on).slot = SlotState::Held;
    let expected = ["call enters 0 new jobs", "call/0/inner claims two"];
    assert_eq!(look(&run.plan, &mut goes_on), expected);
}

#[test]
fn a_leg_that_runs_again_is_not_cancelled_for_a_failure_that_another_one_keeps() {
    let mut run = Run::new(
        "
  t: {runs-on: x, strategy: {matrix: {n: [1, 2]}, max-parallel: 1}, steps: [{run: 'true'}]}
",
    );
    run.succeed("t");
    run.fail("t/1");
    let mut state = run.state;
    let key = |leg| LegKey { job: JobId("t".to_owned()), leg };
    let again = state.leg_mut(&key(0)).unwrap();
    (again.status, again.completed_order) = (LegStatus::Pending, None);
    state.leg_mut(&key(1)).unwrap().is_kept = true;
    assert_eq!(look(&run.plan, &mut state), ["t is queued"]);
    state.leg_mut(&key(0)).unwrap().status = LegStatus::Completed(Conclusion::Success);
    assert_eq!(look(&run.plan, &mut state), ["the run ends failure"]);
}
