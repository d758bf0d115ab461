//! What happens by itself when time passes (`semantics` 4.5), with a time that the test gives.

use chrono::{DateTime, TimeDelta, Utc};
use gantry_workflow::advance::{Conclusion, LegStatus};

use crate::run::Run;

const START: DateTime<Utc> = DateTime::UNIX_EPOCH;

const JOB: &str = "  a: {runs-on: x, timeout-minutes: 90, cancel-timeout-minutes: 2, \
                   steps: [{run: 'true'}]}\n";

/// The moment before and the moment at which `advance` wants to look again.
fn around_next_look(run: &Run) -> (DateTime<Utc>, DateTime<Utc>) {
    let look = run.next_look().unwrap();
    (look - TimeDelta::seconds(1), look)
}

#[test]
fn a_job_past_its_timeout_is_told_to_cancel_and_lost_by_a_runner_that_does_not() {
    let mut run = Run::new(JOB);
    run.begin("a");
    run.set_since("a", START);
    let (before, at) = around_next_look(&run);
    assert_eq!(at - START, TimeDelta::minutes(90));
    run.wait_until(before);
    assert!(!run.is_told_to_cancel("a"));
    run.wait_until(at);
    assert!(run.is_told_to_cancel("a"));
    assert_eq!(run.reasons["a"], "the job has exceeded the maximum execution time of 90 minutes");

    // The two minutes of the file and five for killing and cleaning up.
    let (before, after) = around_next_look(&run);
    assert_eq!(after - at, TimeDelta::minutes(7));
    run.set_cancel_requested_at("a", at);
    run.wait_until(before);
    assert_eq!(run.conclusion, None);
    run.wait_until(after);
    assert_eq!(run.reasons["a"], "the runner did not end the cancelled job");
    assert_eq!(run.with_status(LegStatus::Completed(Conclusion::TimedOut)), ["a"]);
    assert_eq!(run.conclusion, Some(Conclusion::Failure));
}

#[test]
fn a_queued_job_may_begin_unseen_so_the_next_look_is_its_earliest_timeout() {
    let run = Run::new(JOB);
    assert_eq!(run.next_look(), Some(START + TimeDelta::minutes(90)));
}

#[test]
fn a_job_that_no_runner_takes_is_cancelled_after_a_day() {
    let mut run = Run::new(JOB);
    run.set_since("a", START);
    run.wait_until(START + TimeDelta::hours(24) - TimeDelta::seconds(1));
    assert_eq!(run.queued(), ["a"]);
    run.wait_until(START + TimeDelta::hours(24));
    assert_eq!(run.reasons["a"], "no runner took the job within 24 hours");
    assert_eq!(run.conclusion, Some(Conclusion::Cancelled));
}

#[test]
fn a_deployment_that_nobody_reviews_fails_after_thirty_days() {
    let job = "  a: {runs-on: x, environment: prod, steps: [{run: 'true'}]}\n";
    let mut run = Run::protected(job, &["prod"]);
    run.set_since("a", START);
    let (before, at) = around_next_look(&run);
    assert_eq!(at - START, TimeDelta::days(30));
    run.wait_until(before);
    assert_eq!(run.with_status(LegStatus::Waiting), ["a"]);
    run.wait_until(at);
    assert_eq!(run.reasons["a"], "the deployment to `prod` was not reviewed within 30 days");
    assert_eq!(run.conclusion, Some(Conclusion::Failure));
}

#[test]
fn a_run_ends_after_thirty_five_days_whatever_always_runs() {
    let jobs = "  a: {runs-on: x, if: always(), timeout-minutes: 100000, steps: [{run: 'true'}]}\n  \
                b: {runs-on: x, needs: a, if: always(), steps: [{run: 'true'}]}\n";
    let mut run = Run::new(jobs);
    run.begin("a");
    run.set_since("a", START);
    let (before, at) = around_next_look(&run);
    assert_eq!(at - START, TimeDelta::days(35));
    run.wait_until(before);
    assert_eq!(run.conclusion, None);
    run.wait_until(at);
    assert_eq!(run.conclusion, Some(Conclusion::Cancelled));
    for job in ["a", "b"] {
        assert_eq!(run.reasons[job], "the run has exceeded the maximum execution time of 35 days");
    }
}

#[test]
fn a_forced_cancellation_leaves_nothing_running() {
    let jobs = "  a: {runs-on: x, if: always(), steps: [{run: 'true'}]}\n  \
                b: {runs-on: x, needs: a, if: always(), steps: [{run: 'true'}]}\n";
    let mut run = Run::new(jobs);
    run.begin("a");
    run.cancel();
    assert!(!run.is_told_to_cancel("a"), "it always runs");
    run.force_cancel();
    assert_eq!(run.conclusion, Some(Conclusion::Cancelled));
}

#[test]
fn nothing_is_looked_at_again_once_everything_has_ended() {
    let mut run = Run::new(JOB);
    run.succeed("a");
    let deadline_of_run = START + TimeDelta::days(35);
    assert_eq!(run.next_look(), Some(deadline_of_run));
}
