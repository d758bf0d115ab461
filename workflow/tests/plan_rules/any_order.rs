//! Generated graphs, results and orders: what must hold whatever happens when.
//!
//! The driver in `run` checks at every step that nothing moves before its needs, that every leg and
//! job concludes once, and that one call decides everything.

use std::collections::BTreeMap;

use gantry_workflow::advance::{Conclusion, JobState, LegStatus, Review};
use proptest::prelude::*;
use proptest::test_runner::RngAlgorithm;

use crate::run::Run;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Condition {
    Default,
    False,
    Always,
    Failure,
    SuccessOrFailure,
    NotCancelled,
    /// `always()` and the first need succeeded.
    FirstNeedSucceeded,
}

#[derive(Clone, Debug)]
pub(crate) struct Spec {
    /// Indexes of earlier jobs.
    pub(crate) needs: Vec<usize>,
    pub(crate) condition: Condition,
    /// Zero: no matrix.
    pub(crate) matrix: usize,
    pub(crate) results: Vec<Conclusion>,
    max_parallel: Option<u32>,
    pub(crate) continue_on_error: bool,
    pub(crate) fail_fast: bool,
    pub(crate) protected: bool,
}

const MAX_MATRIX: usize = 3;

fn spec() -> impl Strategy<Value = Spec> {
    let condition = prop_oneof![
        4 => Just(Condition::Default),
        1 => Just(Condition::False),
        2 => Just(Condition::Always),
        1 => Just(Condition::Failure),
        1 => Just(Condition::SuccessOrFailure),
        1 => Just(Condition::NotCancelled),
        1 => Just(Condition::FirstNeedSucceeded),
    ];
    let result = prop_oneof![
        5 => Just(Conclusion::Success),
        2 => Just(Conclusion::Failure),
        1 => Just(Conclusion::TimedOut),
    ];
    (
        proptest::collection::vec(0_usize..8, 0..3),
        condition,
        0..=MAX_MATRIX,
        proptest::collection::vec(result, MAX_MATRIX),
        proptest::option::of(1_u32..3),
        proptest::bool::weighted(0.2),
        proptest::bool::ANY,
        proptest::bool::weighted(0.3),
    )
        .prop_map(
            |(needs, condition, matrix, results, max_parallel, coe, fail_fast, protected)| {
                let continue_on_error = coe;
                Spec {
                    needs,
                    condition,
                    matrix,
                    results,
                    max_parallel,
                    continue_on_error,
                    fail_fast,
                    protected,
                }
            },
        )
}

/// Jobs whose needs point backwards only, so that the first one has none.
pub(crate) fn graph() -> impl Strategy<Value = Vec<Spec>> {
    proptest::collection::vec(spec(), 1..8).prop_map(|mut specs| {
        for (index, spec) in specs.iter_mut().enumerate() {
            spec.needs =
                spec.needs.iter().filter(|_| index > 0).map(|n| n % index.max(1)).collect();
            spec.needs.sort_unstable();
            spec.needs.dedup();
        }
        specs
    })
}

/// The graph as a file; jobs stand in reverse, so that file order is not run order.
fn file(specs: &[Spec]) -> String {
    let mut text = String::new();
    for (index, spec) in specs.iter().enumerate().rev() {
        text.push_str(&format!("  j{index}:\n    runs-on: x\n"));
        text.push_str(&common_lines(spec));
        text.push_str(&format!("    continue-on-error: {}\n", spec.continue_on_error));
        if spec.protected {
            text.push_str("    environment: prod\n");
        }
        text.push_str("    steps: [{run: 'true'}]\n");
    }
    text
}

/// The lines that a calling job may have as well.
pub(crate) fn common_lines(spec: &Spec) -> String {
    let mut text = String::new();
    let needs: Vec<String> = spec.needs.iter().map(|need| format!("j{need}")).collect();
    if !needs.is_empty() {
        text.push_str(&format!("    needs: [{}]\n", needs.join(", ")));
    }
    let condition = match spec.condition {
        Condition::Default => "success()".to_owned(),
        Condition::False => "false".to_owned(),
        Condition::Always => "always()".to_owned(),
        Condition::Failure => "failure()".to_owned(),
        Condition::SuccessOrFailure => "success() || failure()".to_owned(),
        Condition::NotCancelled => "'!cancelled()'".to_owned(),
        Condition::FirstNeedSucceeded => match needs.first() {
            Some(need) => format!("always() && needs.{need}.result == 'success'"),
            None => "always()".to_owned(),
        },
    };
    text.push_str(&format!("    if: {condition}\n"));
    if spec.matrix > 0 {
        let numbers: Vec<String> = (0..spec.matrix).map(|n| n.to_string()).collect();
        text.push_str("    strategy:\n");
        text.push_str(&format!("      fail-fast: {}\n", spec.fail_fast));
        if let Some(limit) = spec.max_parallel {
            text.push_str(&format!("      max-parallel: {limit}\n"));
        }
        text.push_str(&format!("      matrix: {{n: [{}]}}\n", numbers.join(", ")));
    }
    text
}

/// The rules of `semantics` 4.3 written down once more, without any order of events.
fn model(specs: &[Spec]) -> (Vec<&'static str>, Conclusion) {
    let mut results: Vec<&'static str> = Vec::new();
    let mut ancestors: Vec<Vec<usize>> = Vec::new();
    for spec in specs {
        let mut all = spec.needs.clone();
        for need in &spec.needs {
            all.extend(&ancestors[*need]);
        }
        let bad = spec.results[..spec.matrix.max(1)].iter().any(|r| *r != Conclusion::Success);
        results.push(match (runs(spec, &all, &results), bad && !spec.continue_on_error) {
            (false, _) => "skipped",
            (true, true) => "failure",
            (true, false) => "success",
        });
        ancestors.push(all);
    }
    let conclusion = conclusion_of(&results);
    (results, conclusion)
}

/// Whether the condition of a job holds, given the results of its ancestors.
pub(crate) fn runs(spec: &Spec, ancestors: &[usize], results: &[&str]) -> bool {
    let success = ancestors.iter().all(|a| results[*a] == "success");
    let failure = ancestors.iter().any(|a| results[*a] == "failure");
    match spec.condition {
        Condition::Default => success,
        Condition::False => false,
        Condition::Always | Condition::NotCancelled => true,
        Condition::Failure => failure,
        Condition::SuccessOrFailure => success || failure,
        Condition::FirstNeedSucceeded => {
            spec.needs.first().is_none_or(|need| results[*need] == "success")
        }
    }
}

/// What jobs with these results make of what they belong to.
pub(crate) fn conclusion_of(results: &[&str]) -> Conclusion {
    if results.contains(&"failure") {
        Conclusion::Failure
    } else if results.iter().all(|result| *result == "skipped") {
        Conclusion::Skipped
    } else {
        Conclusion::Success
    }
}

/// What a leg ends with: fixed by the graph, whatever the order.
fn result_of(specs: &[Spec], leg: &str) -> Conclusion {
    let (job, leg) = leg.split_once('/').unwrap_or((leg, "0"));
    specs[job[1..].parse::<usize>().unwrap()].results[leg.parse::<usize>().unwrap()]
}

/// Runs to the end, choosing what happens next by `choices`.
fn play(specs: &[Spec], choices: &[u8]) -> Run {
    let mut run = Run::new(&file(specs));
    let mut choices = choices.iter().cycle();
    let mut choose = |many: usize| usize::from(*choices.next().unwrap()) % many;
    while run.conclusion.is_none() {
        let mut live = run.queued();
        live.extend(run.with_status(LegStatus::InProgress));
        assert!(!live.is_empty(), "a run that is not over has something to do");
        let leg = live[choose(live.len())].clone();
        if run.queued().contains(&leg) && choose(2) == 0 {
            run.begin(&leg);
        } else {
            run.finish(&leg, result_of(specs, &leg));
        }
    }
    run
}

/// The result of each job, and the status of each leg.
fn outcome(run: &Run, specs: &[Spec]) -> (Vec<&'static str>, Option<Conclusion>) {
    let results = (0..specs.len()).map(|n| run.result(&format!("j{n}")).unwrap()).collect();
    (results, run.conclusion)
}

/// Runs to the end with reviews, cancellation and fail-fast at any moment.
fn play_roughly(specs: &[Spec], choices: &[u8], cancel_at: Option<usize>) -> Run {
    let mut run = Run::protected(&file(specs), &["prod"]);
    let mut choices = choices.iter().cycle();
    let mut choose = |many: usize| usize::from(*choices.next().unwrap()) % many;
    for step in 0.. {
        if run.conclusion.is_some() {
            break;
        }
        assert!(step < 1_000, "a run ends");
        if cancel_at == Some(step) {
            run.cancel();
            continue;
        }
        let mut live = run.unreviewed();
        let waiting = live.len();
        live.extend(run.queued());
        live.extend(run.with_status(LegStatus::InProgress));
        assert!(!live.is_empty(), "a run that is not over has something to do");
        let chosen = choose(live.len());
        let leg = live[chosen].clone();
        if chosen < waiting {
            let answers = [Review::Approved, Review::Approved, Review::Rejected];
            run.review(&leg, answers[choose(3)]);
        } else if run.queued().contains(&leg) && choose(2) == 0 {
            run.begin(&leg);
        } else if run.is_told_to_cancel(&leg) && choose(2) == 0 {
            run.finish(&leg, Conclusion::Cancelled);
        } else {
            run.finish(&leg, result_of(specs, &leg));
        }
    }
    run
}

/// How each leg, or a job without legs, ended.
pub(crate) fn ends(run: &Run) -> BTreeMap<String, Conclusion> {
    let mut ends = BTreeMap::new();
    for (job, state) in &run.state.jobs {
        match state {
            JobState::Ended(conclusion) => {
                ends.insert(job.0.clone(), *conclusion);
            }
            JobState::Expanded { legs, .. } => {
                for (leg, state) in legs.iter().enumerate() {
                    let LegStatus::Completed(conclusion) = state.status else {
                        panic!("leg {leg} of {job} has no conclusion")
                    };
                    ends.insert(format!("{job}/{leg}"), conclusion);
                }
            }
            JobState::Blocked => panic!("{job} is blocked in a run that is over"),
        }
    }
    ends
}

/// Seeds for one property. Those of all properties here and of calls are 10,000 together. Most of
/// the time would go into random numbers that nobody can guess, so these can be guessed.
pub(crate) fn seeds(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_algorithm: RngAlgorithm::XorShift, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(seeds(4_000))]

    #[test]
    fn the_order_of_completions_changes_no_conclusion(
        specs in graph(),
        first in proptest::collection::vec(any::<u8>(), 16),
        second in proptest::collection::vec(any::<u8>(), 16),
    ) {
        // Fail-fast cancels whatever has not ended, so that the order matters there by design.
        let specs: Vec<Spec> = specs
            .into_iter()
            .map(|spec| Spec { fail_fast: false, protected: false, ..spec })
            .collect();
        let (first, second) = (play(&specs, &first), play(&specs, &second));
        let (results, conclusion) = model(&specs);
        prop_assert_eq!(outcome(&first, &specs), (results, Some(conclusion)));
        prop_assert_eq!(ends(&first), ends(&second));
    }
}

proptest! {
    #![proptest_config(seeds(2_000))]

    #[test]
    fn every_job_concludes_once_whatever_is_cancelled_or_rejected(
        specs in graph(),
        choices in proptest::collection::vec(any::<u8>(), 16),
        cancel_at in proptest::option::of(0_usize..12),
    ) {
        let run = play_roughly(&specs, &choices, cancel_at);
        prop_assert_eq!(run.state.jobs.len(), specs.len());
        let ends = ends(&run);
        prop_assert!(ends.len() >= specs.len());
    }

    #[test]
    fn fail_fast_leaves_the_result_of_a_job_as_it_is(
        specs in graph(),
        choices in proptest::collection::vec(any::<u8>(), 16),
    ) {
        let specs: Vec<Spec> =
            specs.into_iter().map(|spec| Spec { protected: false, ..spec }).collect();
        let (results, conclusion) = model(&specs);
        let run = play(&specs, &choices);
        prop_assert_eq!(outcome(&run, &specs), (results, Some(conclusion)));
    }
}
