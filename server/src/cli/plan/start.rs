//! Where the run of a workflow would start, and what its expressions would read.
//!
//! Pure. The order is the server's: origin, selection, inputs, contexts.

use gantry_workflow::expr::Value as ExprValue;
use gantry_workflow::model::Workflow;
use gantry_workflow::plan::{
    Account, GithubContext, RepositoryIdentity, RunContexts, ServerUrls, default_title,
};
use gantry_workflow::trigger::dispatch::resolve_inputs;
use gantry_workflow::trigger::{Event, Origin, Selection, origin, select};
use serde_json::Value;

use super::forecast::Asked;
use super::payload::MadeUp;

/// A run that could begin.
#[derive(Debug)]
pub(in crate::cli) struct Start {
    pub(in crate::cli) origin: Origin,
    pub(in crate::cli) contexts: RunContexts,
    pub(in crate::cli) title: String,
    /// Why the event starts no run of this workflow, if it does not.
    pub(in crate::cli) passed_over: Option<String>,
}

/// The run of `workflow` for the event that was asked for.
///
/// # Errors
/// In words, when there is nothing to run on or the inputs are wrong.
pub(in crate::cli) fn start(
    workflow: &Workflow,
    asked: &Asked<'_>,
    made_up: &MadeUp,
) -> Result<Start, String> {
    let payload = &made_up.payload;
    let changed_files = made_up.changed_files.as_deref();
    let event = Event { name: asked.event, payload, changed_files };
    let mut origin = origin(&event, &asked.repository.default_branch)?;
    let passed_over = match select(workflow, &event) {
        Selection::Starts => None,
        Selection::Skips { reason } => Some(reason),
    };
    if origin.sha.is_empty() {
        origin.sha = asked.repository.head_sha.clone().unwrap_or_default();
    }
    let inputs = match asked.event {
        "workflow_dispatch" if passed_over.is_none() => {
            let given = payload["inputs"].as_object().cloned().unwrap_or_default();
            resolve_inputs(workflow, &given).map_err(|error| error.message)?.inputs
        }
        _ => ExprValue::object([]),
    };
    let github = github(workflow, asked, (payload, &origin));
    let contexts = RunContexts { github, inputs, vars: ExprValue::object([]) };
    let title = default_title(asked.event, payload, workflow.display_name());
    Ok(Start { origin, contexts, title, passed_over })
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
