//! Generated graphs whose jobs call further generated graphs: what must hold whatever happens when.
//!
//! The driver in `run` checks at every step that nothing moves before its needs or outside of a
//! call, and that every leg and job concludes once.

use std::collections::BTreeMap;

use gantry_workflow::advance::{Conclusion, LegStatus};
use gantry_workflow::plan::{RunContexts, plan};
use proptest::prelude::*;

use crate::any_order::{Spec, common_lines, conclusion_of, ends, graph, runs, seeds};
use crate::files::loaded;
use crate::run::Run;

/// The jobs of one file. A job that calls, calls the file of the level below.
#[derive(Clone, Debug)]
struct Level {
    specs: Vec<Spec>,
    calls: Vec<bool>,
}

/// The run's own file and what it calls; nothing is below the last level.
fn levels() -> impl Strategy<Value = Vec<Level>> {
    let level = (graph(), proptest::collection::vec(proptest::bool::weighted(0.4), 8));
    let level = level.prop_map(|(mut specs, calls)| {
        // Fewer legs and jobs: they multiply with each level.
        specs.truncate(4);
        for spec in &mut specs {
            spec.matrix = spec.matrix.min(2);
            spec.protected = false;
        }
        Level { specs, calls }
    });
    proptest::collection::vec(level, 2..4)
}

fn is_call(levels: &[Level], level: usize, job: usize) -> bool {
    levels[level].calls[job] && level + 1 < levels.len()
}

/// The file of a level; jobs stand in reverse, so that file order is not run order.
fn file(levels: &[Level], level: usize) -> String {
    let on = if level == 0 { "push" } else { "workflow_call" };
    let mut text = format!("on: {on}\njobs:\n");
    for (index, spec) in levels[level].specs.iter().enumerate().rev() {
        text.push_str(&format!("  j{index}:\n"));
        text.push_str(&common_lines(spec));
        if is_call(levels, level, index) {
            text.push_str(&format!("    uses: ./.github/workflows/{}.yml\n", level + 1));
        } else {
            text.push_str(&format!("    continue-on-error: {}\n", spec.continue_on_error));
            text.push_str("    runs-on: x\n");
        }
    }
    text
}

/// The results of a level's jobs, which are the same wherever it is called from.
fn model(levels: &[Level], level: usize) -> Vec<&'static str> {
    let mut results: Vec<&'static str> = Vec::new();
    let mut ancestors: Vec<Vec<usize>> = Vec::new();
    for (index, spec) in levels[level].specs.iter().enumerate() {
        let mut all = spec.needs.clone();
        for need in &spec.needs {
            all.extend(&ancestors[*need]);
        }
        let bad = spec.results[..spec.matrix.max(1)].iter().any(|r| *r != Conclusion::Success);
        results.push(if !runs(spec, &all, &results) {
            "skipped"
        } else if is_call(levels, level, index) {
            conclusion_of(&model(levels, level + 1)).as_str()
        } else if bad && !spec.continue_on_error {
            "failure"
        } else {
            "success"
        });
        ancestors.push(all);
    }
    results
}

/// What a leg ends with: fixed by the graph, whatever the order.
fn result_of(levels: &[Level], leg: &str) -> Conclusion {
    let words: Vec<&str> = leg.split('/').collect();
    let is_numbered = words.len().is_multiple_of(2);
    let number = if is_numbered { words[words.len() - 1].parse().unwrap() } else { 0 };
    let level = (words.len() - 1) / 2;
    let job: usize = words[level * 2][1..].parse().unwrap();
    levels[level].specs[job].results[number]
}

/// Runs to the end, choosing what happens next by `choices`.
fn play(levels: &[Level], choices: &[u8], cancel_at: Option<usize>) -> Run {
    let texts: Vec<(String, String)> =
        (1..levels.len()).map(|level| (format!("{level}.yml"), file(levels, level))).collect();
    let files: Vec<_> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let loaded = loaded(&file(levels, 0), &files);
    let mut run = Run::with(plan(loaded.workflow, RunContexts::default(), "").unwrap(), &[]);
    let mut choices = choices.iter().cycle();
    let mut choose = |many: usize| usize::from(*choices.next().unwrap()) % many;
    for step in 0.. {
        if run.conclusion.is_some() {
            break;
        }
        assert!(step < 2_000, "a run ends");
        if cancel_at == Some(step) {
            run.cancel();
            continue;
        }
        let mut live = run.queued();
        live.extend(run.running());
        assert!(!live.is_empty(), "a run that is not over has something to do");
        let leg = live[choose(live.len())].clone();
        if run.queued().contains(&leg) && choose(2) == 0 {
            run.begin(&leg);
        } else if run.is_told_to_cancel(&leg) && choose(2) == 0 {
            run.finish(&leg, Conclusion::Cancelled);
        } else {
            run.finish(&leg, result_of(levels, &leg));
        }
    }
    run
}

/// The results of the run's own jobs, and its conclusion.
fn outcome(run: &Run, levels: &[Level]) -> (Vec<&'static str>, Option<Conclusion>) {
    let jobs = 0..levels[0].specs.len();
    (jobs.map(|n| run.result(&format!("j{n}")).unwrap()).collect(), run.conclusion)
}

/// Every called job has an end, and none is left behind in a leg that has entered a call.
fn check_ends(run: &Run) -> BTreeMap<String, Conclusion> {
    assert!(run.with_status(LegStatus::InProgress).is_empty());
    ends(run)
}

proptest! {
    #![proptest_config(seeds(700))]

    #[test]
    fn the_order_of_completions_changes_no_conclusion_of_called_jobs(
        levels in levels(),
        first in proptest::collection::vec(any::<u8>(), 16),
        second in proptest::collection::vec(any::<u8>(), 16),
    ) {
        let mut levels = levels;
        // Fail-fast cancels whatever has not ended, so that the order matters there by design.
        let specs = levels.iter_mut().flat_map(|level| level.specs.iter_mut());
        specs.for_each(|spec| spec.fail_fast = false);
        let (first, second) = (play(&levels, &first, None), play(&levels, &second, None));
        let results = model(&levels, 0);
        let conclusion = conclusion_of(&results);
        prop_assert_eq!(outcome(&first, &levels), (results, Some(conclusion)));
        prop_assert_eq!(check_ends(&first), check_ends(&second));
    }
}

proptest! {
    #![proptest_config(seeds(650))]

    #[test]
    fn every_called_job_concludes_once_whatever_is_cancelled(
        levels in levels(),
        choices in proptest::collection::vec(any::<u8>(), 16),
        cancel_at in proptest::option::of(0_usize..12),
    ) {
        let run = play(&levels, &choices, cancel_at);
        prop_assert!(check_ends(&run).len() >= levels[0].specs.len());
    }

    #[test]
    fn fail_fast_leaves_the_result_of_a_calling_job_as_it_is(
        levels in levels(),
        choices in proptest::collection::vec(any::<u8>(), 16),
    ) {
        let run = play(&levels, &choices, None);
        let results = model(&levels, 0);
        let conclusion = conclusion_of(&results);
        prop_assert_eq!(outcome(&run, &levels), (results, Some(conclusion)));
    }
}
