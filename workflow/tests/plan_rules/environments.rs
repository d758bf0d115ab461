//! What the rules of an environment do to its deployments (`semantics` 4.6).

use chrono::{DateTime, TimeDelta, Utc};
use gantry_workflow::advance::{Conclusion, LegStatus, Protection, RefKind, RefPolicy, Review};

use crate::run::Run;

const START: DateTime<Utc> = DateTime::UNIX_EPOCH;

const DEPLOY: &str = "  a: {runs-on: x, environment: prod, steps: [{run: 'true'}]}\n";

fn ten_minutes() -> Protection {
    Protection { wait: TimeDelta::minutes(10), ..Protection::default() }
}

#[test]
fn a_timer_holds_a_deployment_back_until_its_end_and_no_longer() {
    let mut run = Run::under(DEPLOY, "refs/heads/main", ten_minutes());
    assert_eq!(run.with_status(LegStatus::Waiting), ["a"]);
    run.set_since("a", START);
    let end = START + TimeDelta::minutes(10);
    assert_eq!(run.next_look(), Some(end));
    run.wait_until(end - TimeDelta::seconds(1));
    assert_eq!(run.with_status(LegStatus::Waiting), ["a"]);
    run.wait_until(end);
    assert_eq!(run.queued(), ["a"]);
}

#[test]
fn a_deployment_with_timer_and_review_needs_both() {
    let rules = Protection { review_required: true, ..ten_minutes() };
    let end = START + TimeDelta::minutes(10);
    let mut early = Run::under(DEPLOY, "refs/heads/main", rules.clone());
    early.set_since("a", START);
    early.review("a", Review::Approved);
    assert_eq!(early.with_status(LegStatus::Waiting), ["a"]);
    early.wait_until(end);
    assert_eq!(early.queued(), ["a"]);

    let mut late = Run::under(DEPLOY, "refs/heads/main", rules);
    late.set_since("a", START);
    late.wait_until(end);
    assert_eq!(late.with_status(LegStatus::Waiting), ["a"]);
    late.review("a", Review::Approved);
    assert_eq!(late.queued(), ["a"]);
}

#[test]
fn a_timer_of_thirty_days_is_not_taken_for_a_review_that_nobody_gave() {
    let rules = Protection { wait: TimeDelta::days(30), ..Protection::default() };
    let mut run = Run::under(DEPLOY, "refs/heads/main", rules);
    run.set_since("a", START);
    run.wait_until(START + TimeDelta::days(30));
    assert_eq!(run.queued(), ["a"]);
}

#[test]
fn what_no_policy_names_fails_at_once_with_a_reason() {
    let policy = RefPolicy { kind: RefKind::Branch, pattern: "release/*".into() };
    let rules = Protection { refs: Some(vec![policy]), ..ten_minutes() };
    let refused = Run::under(DEPLOY, "refs/heads/main", rules.clone());
    assert_eq!(refused.conclusion, Some(Conclusion::Failure));
    assert_eq!(
        refused.reasons["a"],
        "Branch \"main\" is not allowed to deploy to prod due to environment protection rules."
    );
    let admitted = Run::under(DEPLOY, "refs/heads/release/1", rules);
    assert_eq!(admitted.with_status(LegStatus::Waiting), ["a"]);
}
