//! What an event does to one workflow.
//!
//! Pure but for what was asked of git before. The order is the server's: origin, selection, plan,
//! then the state machine.

use gantry_workflow::Diagnostic;
use gantry_workflow::expr::Value as ExprValue;
use gantry_workflow::model::Workflow;
use gantry_workflow::plan::{
    Account, GithubContext, RepositoryIdentity, RunContexts, ServerUrls, default_title, plan,
};
use gantry_workflow::trigger::dispatch::resolve_inputs;
use gantry_workflow::trigger::{Event, Origin, Selection, origin, select};
use serde_json::{Map, Value};

use super::payload;
use super::repository::LocalRepository;
use super::simulate::{JobForecast, simulate};
use super::unknown;

/// The event that was asked for.
pub(super) struct Asked<'a> {
    pub(super) event: &'a str,
    /// As it was written: with or without `refs/heads/`.
    pub(super) git_ref: Option<&'a str>,
    pub(super) activity: Option<&'a str>,
    pub(super) inputs: Map<String, Value>,
    /// Instead of one that is made up.
    pub(super) payload: Option<&'a Value>,
    pub(super) repository: &'a LocalRepository,
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
    let (git_ref, outcome) = match start(&workflow, asked, &made_up) {
        Err(reason) => (String::new(), Outcome::DoesNot { reason }),
        Ok((origin, contexts)) => {
            let title = default_title(asked.event, &made_up.payload, &name);
            let plan = plan(unknown::replace(workflow.clone()), contexts, &title)?;
            let outcome = Outcome::Starts {
                title: plan.display_title.clone(),
                concurrency: plan.concurrency.as_ref().map(|slot| slot.group.clone()),
                jobs: simulate(&plan, workflow),
            };
            (origin.git_ref, outcome)
        }
    };
    Ok(Forecast { path, workflow: name, event, git_ref, outcome })
}

/// Where the run would start and what its expressions would read; or why there is none.
fn start(
    workflow: &Workflow,
    asked: &Asked<'_>,
    made_up: &payload::MadeUp,
) -> Result<(Origin, RunContexts), String> {
    let payload = &made_up.payload;
    let changed_files = made_up.changed_files.as_deref();
    let event = Event { name: asked.event, payload, changed_files };
    let mut origin = origin(&event, &asked.repository.default_branch)?;
    if let Selection::Skips { reason } = select(workflow, &event) {
        return Err(reason);
    }
    if origin.sha.is_empty() {
        origin.sha = asked.repository.head_sha.clone().unwrap_or_default();
    }
    let inputs = match asked.event {
        "workflow_dispatch" => {
            let given = payload["inputs"].as_object().cloned().unwrap_or_default();
            resolve_inputs(workflow, &given).map_err(|error| error.message)?.inputs
        }
        _ => ExprValue::object([]),
    };
    let github = github(workflow, asked, (payload, &origin));
    Ok((origin, RunContexts { github, inputs, vars: ExprValue::object([]) }))
}

fn github(
    workflow: &Workflow,
    asked: &Asked<'_>,
    (payload, origin): (&Value, &Origin),
) -> ExprValue {
    let text = |pointer: &str| payload.pointer(pointer).and_then(Value::as_str);
    let number = |pointer: &str| payload.pointer(pointer).and_then(Value::as_u64);
    let actor = text("/sender/login").unwrap_or(&asked.repository.user);
    GithubContext {
        event_name: asked.event,
        event: payload,
        origin,
        repository: RepositoryIdentity {
            full_name: text("/repository/full_name").unwrap_or(&asked.repository.full_name),
            id: number("/repository/id").unwrap_or(1),
            owner_id: number("/repository/owner/id").unwrap_or(1),
        },
        actor: Account { login: actor, id: number("/sender/id").unwrap_or(1) },
        triggering_actor: actor,
        run_id: 1,
        run_number: 1,
        run_attempt: 1,
        workflow_name: workflow.display_name(),
        workflow_path: &workflow.path,
        workflow_sha: &origin.sha,
        ref_protected: false,
        retention_days: 90,
        urls: ServerUrls::GITHUB,
    }
    .to_value()
}
