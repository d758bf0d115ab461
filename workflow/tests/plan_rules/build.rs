//! Workflows for tests.

use gantry_workflow::Position;
use gantry_workflow::model::{EventTrigger, Filters, Input, RunDefaults, Schedule, Workflow};

/// A workflow with these triggers and no jobs.
pub(crate) fn workflow_on(on: Vec<EventTrigger>) -> Workflow {
    Workflow {
        path: ".github/workflows/ci.yml".to_owned(),
        name: Some("CI".to_owned()),
        run_name: None,
        on,
        env: None,
        defaults: RunDefaults::default(),
        permissions: None,
        concurrency: None,
        jobs: Vec::new(),
    }
}

pub(crate) fn trigger(event: &str) -> EventTrigger {
    EventTrigger {
        position: Position::START,
        event: event.to_owned(),
        types: None,
        filters: Filters::default(),
        workflows: Vec::new(),
        schedules: Vec::new(),
        inputs: Vec::new(),
        call: None,
    }
}

pub(crate) fn trigger_with_inputs(inputs: Vec<Input>) -> EventTrigger {
    EventTrigger { inputs, ..trigger("workflow_dispatch") }
}

pub(crate) fn trigger_with_crons(crons: &[&str]) -> EventTrigger {
    let schedules = crons
        .iter()
        .map(|cron| Schedule {
            position: Position::START,
            cron: (*cron).to_owned(),
            timezone: None,
        })
        .collect();
    EventTrigger { schedules, ..trigger("schedule") }
}

pub(crate) fn strings(items: &[&str]) -> Vec<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}
