//! Promises of reading a workflow file, of planning it and of running it to its end.

use chrono::DateTime;
use gantry_workflow::advance::{
    Conclusion, JobState, LegStatus, RunState, SlotState, Transition, advance,
};
use gantry_workflow::diagnostic::MAX_DIAGNOSTICS;
use gantry_workflow::expr::Value;
use gantry_workflow::model::{Workflow, read_action, read_workflow};
use gantry_workflow::plan::{RunContexts, RunPlan, plan};
use gantry_workflow::{Diagnostic, Severity};

/// Passes of the state machine until a run must be over: each passes at least one job.
const MAX_PASSES: usize = 20_000;

/// Characters of a message: GitHub's 500 and the mark of what was cut.
const MAX_MESSAGE: usize = 505;

/// A file gives a workflow or errors; a workflow survives being stored; its run comes to an end.
pub fn workflow(text: &str) {
    let (workflow, diagnostics) = read_workflow("fuzz.yml", text);
    check(&diagnostics, workflow.is_some());
    let Some(workflow) = workflow else { return };
    let stored = serde_json::to_string(&workflow).expect("a workflow is stored");
    let again: Workflow = serde_json::from_str(&stored).expect("a stored workflow is read");
    assert_eq!(serde_json::to_string(&again).expect("stored again"), stored);
    let contexts = RunContexts { github: Value::object([]), ..RunContexts::default() };
    match plan(workflow, contexts, "title") {
        Ok(plan) => run(&plan),
        Err(errors) => check(&errors, false),
    }
}

/// An action's file gives an action or errors.
pub fn action(text: &str) {
    let (action, diagnostics) = read_action("action.yml", text);
    check(&diagnostics, action.is_some());
}

fn check(diagnostics: &[Diagnostic], is_valid: bool) {
    let n_errors = diagnostics.iter().filter(|it| it.severity == Severity::Error).count();
    assert_eq!(n_errors == 0, is_valid, "{diagnostics:?}");
    assert!(n_errors <= MAX_DIAGNOSTICS);
    for diagnostic in diagnostics {
        assert!(!diagnostic.message.is_empty() && !diagnostic.code.is_empty());
        assert!(diagnostic.message.chars().count() <= MAX_MESSAGE, "{diagnostic:?}");
    }
}

/// Every job succeeds; in the end the run has a conclusion.
fn run(plan: &RunPlan) {
    let mut state = RunState::default();
    for _ in 0..MAX_PASSES {
        let transitions = advance(plan, &state, DateTime::UNIX_EPOCH);
        for transition in &transitions {
            state.apply(transition);
            if let Transition::ConcludeRun { .. } = transition {
                return;
            }
        }
        assert!(succeed(&mut state), "nothing runs and the run is not over");
    }
    panic!("the run does not end");
}

/// Ends what runs and gives concurrency groups away; whether anything did.
fn succeed(state: &mut RunState) -> bool {
    let mut any = false;
    for job in state.jobs.values_mut() {
        let JobState::Expanded { legs, .. } = job else { continue };
        for leg in legs {
            if leg.status == LegStatus::Queued {
                leg.status = LegStatus::Completed(Conclusion::Success);
                leg.completed_order = Some(1);
                any = true;
            } else if leg.slot == SlotState::Pending {
                leg.slot = SlotState::Held;
                any = true;
            }
        }
    }
    any
}
