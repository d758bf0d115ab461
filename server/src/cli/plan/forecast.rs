//! What an event does to one workflow.
//!
//! Pure but for what was asked of git before. The order is the server's: origin, selection, plan,
//! then the state machine.

use gantry_workflow::Diagnostic;
use gantry_workflow::model::Workflow;
use gantry_workflow::plan::{FileSource, LoadedWorkflow, RunPlan, plan};
use gantry_workflow::trigger::Origin;
use serde_json::{Map, Value};

use super::called::{close_calls, close_calls_elsewhere, load};
use super::payload;
use super::repository::LocalRepository;
use super::simulate::{JobForecast, simulate};
use super::start::{Start, start};
use super::unknown::{self, OpenInputs};

/// The event that was asked for.
pub(in crate::cli) struct Asked<'a> {
    pub(in crate::cli) event: &'a str,
    /// As it was written: with or without `refs/heads/`.
    pub(in crate::cli) git_ref: Option<&'a str>,
    pub(in crate::cli) activity: Option<&'a str>,
    pub(in crate::cli) inputs: Map<String, Value>,
    /// Instead of one that is made up.
    pub(in crate::cli) payload: Option<&'a Value>,
    pub(in crate::cli) repository: &'a LocalRepository,
}

/// What becomes of one workflow.
#[derive(Debug)]
pub(super) struct Forecast {
    pub(super) path: String,
    /// `name`, or the path when the file has none.
    pub(super) workflow: String,
    pub(super) event: String,
    /// The full name of the ref it would run on; empty when there is none.
    pub(super) git_ref: String,
    pub(super) outcome: Outcome,
}

#[derive(Debug)]
pub(super) enum Outcome {
    /// A run is created.
    Starts { title: String, concurrency: Option<String>, jobs: Vec<JobForecast> },
    /// Nothing is, for this reason.
    DoesNot { reason: String },
}

/// What becomes of `workflow`.
///
/// # Errors
/// Diagnostics, when its run would fail before its first job.
pub(super) fn forecast(workflow: Workflow, asked: &Asked<'_>) -> Result<Forecast, Vec<Diagnostic>> {
    let made_up = payload::make(asked, &workflow);
    let (path, name) = (workflow.path.clone(), workflow.display_name().to_owned());
    let event = asked.event.to_owned();
    let start = match start(&workflow, asked, &made_up) {
        Ok(Start { passed_over: Some(reason), .. }) => Err(reason),
        start => start,
    };
    let (git_ref, outcome) = match start {
        Err(reason) => (String::new(), Outcome::DoesNot { reason }),
        Ok(Start { origin, contexts, title, .. }) => {
            let loaded = load_calls(&workflow, asked, &origin)?;
            let inputs = OpenInputs::of(&loaded);
            let plan = plan(unknown::replace(loaded.clone(), &inputs), contexts, &title)?;
            let LoadedWorkflow { workflow: closed, called, .. } = loaded;
            let written = RunPlan { workflow: closed, called, ..plan.clone() };
            let outcome = Outcome::Starts {
                title: plan.display_title.clone(),
                concurrency: plan.concurrency.as_ref().map(|slot| slot.group.clone()),
                jobs: simulate(&plan, (written, inputs), workflow),
            };
            (origin.git_ref, outcome)
        }
    };
    Ok(Forecast { path, workflow: name, event, git_ref, outcome })
}

/// The workflow with what it calls, each call held against the called file. Of another repository
/// there is nothing.
fn load_calls(
    workflow: &Workflow,
    asked: &Asked<'_>,
    origin: &Origin,
) -> Result<LoadedWorkflow, Vec<Diagnostic>> {
    let mut own = workflow.clone();
    let Some(top) = &asked.repository.top else {
        close_calls(&mut own);
        return Ok(own.into());
    };
    close_calls_elsewhere(&mut own);
    let source = FileSource {
        repository: asked.repository.full_name.clone(),
        path: workflow.path.clone(),
        git_ref: origin.git_ref.clone(),
        sha: origin.sha.clone(),
    };
    load(own, &source, top)
}
