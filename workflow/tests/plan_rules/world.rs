//! Several generated runs of one repository that share concurrency groups, with reviews,
//! cancellations and time, in any order of events: 10,000 seeds.
//!
//! The driver in `run` checks at every step that nothing moves before its needs or without its group,
//! that every leg and job concludes once, and that one call decides everything. A failure names its
//! seed, which alone makes the case.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::rc::Rc;

use gantry_workflow::advance::{Conclusion, JobState, LegStatus, Review};
use gantry_workflow::model::read_workflow;
use gantry_workflow::plan::{RunContexts, RunPlan, plan};

use crate::groups::Groups;
use crate::run::Run;

const SEEDS: u64 = 10_000;

/// Splitmix64: the same numbers for the same seed, everywhere.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, many: usize) -> usize {
        usize::try_from(self.next() % many as u64).unwrap()
    }

    /// True in one of `many` cases.
    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

fn concurrency(chance: &mut Chance) -> String {
    let group = chance.of(&["a", "A", "b", "c"]);
    let policy = chance.of(&["", ", cancel-in-progress: true", ", queue: max"]);
    format!("concurrency: {{group: {group}{policy}}}")
}

/// A workflow file with up to five jobs.
fn file(chance: &mut Chance) -> String {
    let mut text = "on: push\n".to_owned();
    if chance.one_in(2) {
        let _ = writeln!(text, "{}", concurrency(chance));
    }
    text.push_str("jobs:\n");
    for index in 0..=chance.below(5) {
        job(&mut text, index, chance);
    }
    text
}

fn job(text: &mut String, index: usize, chance: &mut Chance) {
    let _ = writeln!(text, "  j{index}:\n    runs-on: x\n    steps: [{{run: x}}]");
    let needs: Vec<String> =
        (0..index).filter(|_| chance.one_in(3)).map(|need| format!("j{need}")).collect();
    let _ = writeln!(text, "    needs: [{}]", needs.join(", "));
    let conditions = ["success()", "success()", "always()", "failure()", "'!cancelled()'", "false"];
    let _ = writeln!(text, "    if: {}", chance.of(&conditions));
    let _ = writeln!(text, "    continue-on-error: {}", chance.one_in(5));
    if chance.one_in(4) {
        text.push_str("    environment: prod\n");
    }
    if chance.one_in(3) {
        let _ = writeln!(text, "    {}", concurrency(chance));
    }
    if chance.one_in(3) {
        let (fail_fast, limit) = (chance.one_in(2), 1 + chance.below(3));
        let _ = writeln!(
            text,
            "    strategy: {{fail-fast: {fail_fast}, max-parallel: {limit}, matrix: {{n: [1, 2, 3]}}}}"
        );
    }
}

fn planned(text: &str) -> Option<RunPlan> {
    let (workflow, diagnostics) = read_workflow(".github/workflows/ci.yml", text);
    let workflow = workflow.unwrap_or_else(|| panic!("{diagnostics:#?}\n{text}"));
    // A job that wants the group of its run by its literal name is refused here.
    plan(workflow, RunContexts::default(), "a title").ok()
}

struct World {
    runs: Vec<Run>,
    groups: Rc<RefCell<Groups>>,
    chance: Chance,
}

impl World {
    /// Plays everything to its end.
    fn play(seed: u64) -> Self {
        let mut world = Self { runs: Vec::new(), groups: Rc::default(), chance: Chance(seed) };
        let mut to_come = 1 + world.chance.below(4);
        for step in 0.. {
            assert!(step < 2_000, "the runs end");
            if to_come > 0 && (world.runs.is_empty() || world.chance.one_in(4)) {
                to_come -= 1;
                world.begin_run();
            } else if !world.something_happens() && to_come == 0 {
                break;
            }
            world.spread_news();
            world.check_holders();
        }
        world
    }

    fn begin_run(&mut self) {
        let text = file(&mut self.chance);
        if let Some(plan) = planned(&text) {
            let place = (self.groups.clone(), self.runs.len());
            self.runs.push(Run::among(plan, &["prod"], place));
        }
    }

    /// One event in one run; false when all runs are over.
    fn something_happens(&mut self) -> bool {
        let mut open: Vec<usize> =
            (0..self.runs.len()).filter(|run| self.runs[*run].conclusion.is_none()).collect();
        if open.is_empty() {
            return false;
        }
        while !open.is_empty() {
            let run = open.swap_remove(self.chance.below(open.len()));
            if act(&mut self.runs[run], &mut self.chance) {
                return true;
            }
        }
        self.time_passes();
        true
    }

    /// Nobody can do anything: two runs may wait for the group of the other for ever.
    fn time_passes(&mut self) {
        let open = self.runs.iter_mut().filter(|run| run.conclusion.is_none());
        let (run, look) = open
            .filter_map(|run| run.next_look().map(|look| (run, look)))
            .min_by_key(|(_, look)| *look)
            .unwrap();
        run.wait_until(look);
    }

    /// Runs hear what became of their claims, until there is nothing new.
    fn spread_news(&mut self) {
        loop {
            let news = self.groups.borrow_mut().take_news(None);
            let Some(((run, leg), slot)) = news else { return };
            let run = &mut self.runs[run];
            if run.conclusion.is_some() {
                continue;
            }
            match leg {
                None => run.state.slot = slot,
                Some(leg) => run.state.leg_mut(&leg).unwrap().slot = slot,
            }
            run.settle();
        }
    }

    /// What moves in a group at this moment is one run or one leg.
    fn check_holders(&self) {
        let mut busy = BTreeMap::<String, usize>::new();
        for run in self.runs.iter().filter(|run| run.conclusion.is_none()) {
            let has_begun =
                run.state.jobs.values().any(|job| matches!(job, JobState::Expanded { .. }));
            if let Some(slot) = run.plan.concurrency.as_ref().filter(|_| has_begun) {
                *busy.entry(slot.group.to_lowercase()).or_default() += 1;
            }
            for job in run.state.jobs.values() {
                let JobState::Expanded { legs, .. } = job else { continue };
                for leg in legs.iter().filter(|leg| is_busy(leg.status)) {
                    if let Some(slot) = &leg.concurrency {
                        *busy.entry(slot.group.to_lowercase()).or_default() += 1;
                    }
                }
            }
        }
        assert!(busy.values().all(|n| *n <= 1), "{busy:?}");
    }
}

fn is_busy(status: LegStatus) -> bool {
    matches!(status, LegStatus::Waiting | LegStatus::Queued | LegStatus::InProgress)
}

/// A runner, a reviewer or somebody who cancels does something; false when there is nothing to do.
fn act(run: &mut Run, chance: &mut Chance) -> bool {
    if chance.one_in(30) {
        run.cancel();
        return true;
    }
    if chance.one_in(200) {
        run.force_cancel();
        return true;
    }
    let waiting = run.unreviewed();
    let queued = run.queued();
    let running = run.with_status(LegStatus::InProgress);
    let n_live = waiting.len() + queued.len() + running.len();
    if n_live == 0 {
        return false;
    }
    let chosen = chance.below(n_live);
    if let Some(leg) = waiting.get(chosen) {
        let rejects = chance.one_in(4);
        run.review(leg, if rejects { Review::Rejected } else { Review::Approved });
    } else if let Some(leg) = queued.get(chosen - waiting.len()) {
        run.begin(leg);
    } else {
        let leg = &running[chosen - waiting.len() - queued.len()];
        let is_told = run.is_told_to_cancel(leg) && !chance.one_in(3);
        let conclusion = match chance.below(5) {
            _ if is_told => Conclusion::Cancelled,
            0 => Conclusion::Failure,
            1 => Conclusion::TimedOut,
            _ => Conclusion::Success,
        };
        run.finish(leg, conclusion);
    }
    true
}

fn check(seed: u64) {
    let world = World::play(seed);
    assert!(world.groups.borrow().is_free(), "somebody still holds a group or waits for it");
    for run in &world.runs {
        assert!(run.conclusion.is_some());
        assert_eq!(run.state.jobs.len(), run.plan.workflow.jobs.len());
    }
}

#[test]
fn groups_have_one_holder_and_every_run_ends_whatever_happens_in_which_order() {
    let n_threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    std::thread::scope(|scope| {
        for thread in 0..n_threads {
            scope.spawn(move || {
                for seed in (thread..SEEDS).step_by(usize::try_from(n_threads).unwrap()) {
                    let outcome = std::panic::catch_unwind(|| check(seed));
                    assert!(outcome.is_ok(), "seed {seed}");
                }
            });
        }
    });
}
