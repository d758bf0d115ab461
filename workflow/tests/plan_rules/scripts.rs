//! Golden files of `advance`: beside each workflow `tests/advance/NAME.yml` stands what happens to a
//! run of it, in `NAME.script` one event a line; what changes with each is compared with `NAME.snap`.
//! A new triple of files is a new test.
//!
//! Lines: `protect ENVIRONMENT` (a review is needed; before all others), `begin LEG`,
//! `succeed LEG [NAME=VALUE...]`, `fail LEG`, `end LEG CONCLUSION`, `approve LEG`, `reject LEG`,
//! `cancel`, `force-cancel`. A leg is `job`, `job/1` or `call/0/job`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use gantry_workflow::advance::{Conclusion, JobState, LegState, LegStatus, Review, SlotState};
use gantry_workflow::model::read_workflow;
use gantry_workflow::plan::{RunContexts, plan};

use crate::golden::{assert_inputs, beside, check_with};
use crate::run::Run;

const FOLDER: &str = "tests/advance";

/// What every job and leg is at this moment, in words.
fn states(run: &Run) -> BTreeMap<String, String> {
    let mut states = BTreeMap::new();
    for (job, state) in &run.state.jobs {
        match state {
            JobState::Blocked => drop(states.insert(job.0.clone(), "blocked".to_owned())),
            JobState::Ended(conclusion) => {
                states.insert(job.0.clone(), with_reason(run, &job.0, conclusion.to_string()));
            }
            JobState::Expanded { legs, .. } => {
                for (number, leg) in legs.iter().enumerate() {
                    let key = if number == 0 { job.0.clone() } else { format!("{job}/{number}") };
                    let words = with_reason(run, &key, words(leg));
                    states.insert(key, words);
                }
            }
        }
    }
    states
}

fn words(leg: &LegState) -> String {
    let status = match leg.status {
        LegStatus::Completed(conclusion) => return conclusion.to_string(),
        LegStatus::Pending if leg.slot == SlotState::Pending => "waits for its group",
        LegStatus::Pending => "pending",
        LegStatus::Waiting => "waits for a review",
        LegStatus::Queued => "queued",
        LegStatus::InProgress if leg.cancel_requested => "told to cancel",
        LegStatus::InProgress => "in progress",
    };
    status.to_owned()
}

fn with_reason(run: &Run, key: &str, words: String) -> String {
    match run.reasons.get(key) {
        Some(reason) => format!("{words} ({reason})"),
        None => words,
    }
}

fn play(run: &mut Run, line: &str) {
    let mut words = line.split_whitespace();
    let (verb, leg) = (words.next().unwrap(), words.next().unwrap_or_default());
    match verb {
        "begin" => run.begin(leg),
        "succeed" => {
            let outputs: Vec<_> = words.filter_map(|word| word.split_once('=')).collect();
            run.finish_with(leg, Conclusion::Success, &outputs);
        }
        "fail" => run.fail(leg),
        "end" => run.finish(leg, words.next().unwrap().parse().unwrap()),
        "approve" => run.review(leg, Review::Approved),
        "reject" => run.review(leg, Review::Rejected),
        "cancel" => run.cancel(),
        "force-cancel" => run.force_cancel(),
        other => panic!("there is no `{other}`"),
    }
}

fn outline(name: &str, text: &str) -> String {
    let (workflow, diagnostics) = read_workflow(name, text);
    let workflow = workflow.unwrap_or_else(|| panic!("{diagnostics:#?}"));
    let script = beside(FOLDER, name, "script");
    let lines = script.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (protected, lines): (Vec<_>, Vec<_>) = lines.partition(|line| line.starts_with("protect "));
    let protected: Vec<_> = protected.iter().filter_map(|it| it.strip_prefix("protect ")).collect();
    let mut run = Run::with(plan(workflow, RunContexts::default(), "").unwrap(), &protected);
    let (mut outline, mut known) = (String::new(), BTreeMap::new());
    for line in std::iter::once("start").chain(lines) {
        if line != "start" {
            play(&mut run, line);
        }
        writeln!(outline, "{line}").unwrap();
        let now = states(&run);
        for (key, words) in now.iter().filter(|(key, words)| known.get(*key) != Some(*words)) {
            writeln!(outline, "    {key}: {words}").unwrap();
        }
        known = now;
    }
    let end = run.conclusion.map_or("not over", Conclusion::as_str);
    writeln!(outline, "the run: {end}").unwrap();
    outline
}

#[test]
fn runs_go_on_as_their_golden_files_say() {
    check_with(FOLDER, "yml", outline);
}

#[test]
fn every_golden_file_of_advance_has_its_input() {
    assert_inputs(FOLDER, "yml");
}
