//! The contexts of a run, from what caused it.

use gantry_protocol::RunId;
use gantry_workflow::expr::Value;
use gantry_workflow::model::Workflow;
use gantry_workflow::plan::{Account, GithubContext, RepositoryIdentity, RunContexts, ServerUrls};
use gantry_workflow::trigger::dispatch::resolve_inputs;

use super::create::CreateRun;
use crate::config::Config;

/// Days an artifact is kept; shown to actions as the upper limit.
const RETENTION_DAYS: u32 = 90;

/// What is known only once the run has its row.
#[derive(Clone, Copy, Debug)]
pub(super) struct RunNumbers {
    pub(super) id: RunId,
    pub(super) number: i64,
}

/// Contexts without `vars`.
pub(super) fn contexts(
    config: &Config,
    request: &CreateRun,
    workflow: &Workflow,
    numbers: RunNumbers,
) -> RunContexts {
    let repository = &request.repository;
    let full_name = repository.full_name();
    let number_at = |pointer: &str| {
        request.payload.pointer(pointer).and_then(serde_json::Value::as_u64).unwrap_or_default()
    };
    let own_id = repository.github().map_or(repository.id.0, |github| github.id);
    let own_id = u64::try_from(own_id).unwrap_or_default();
    let api = format!("{}/api/v3", config.public_url);
    let graphql = format!("{}/api/graphql", config.public_url);
    let github = GithubContext {
        event_name: &request.event,
        event: &request.payload,
        origin: &request.origin,
        repository: RepositoryIdentity {
            full_name: &full_name,
            id: own_id,
            owner_id: number_at("/repository/owner/id"),
        },
        actor: Account { login: &request.actor, id: number_at("/sender/id") },
        triggering_actor: &request.actor,
        run_id: u64::try_from(numbers.id.0).unwrap_or_default(),
        run_number: u64::try_from(numbers.number).unwrap_or_default(),
        run_attempt: 1,
        workflow_name: workflow.display_name(),
        workflow_path: &workflow.path,
        workflow_sha: &request.workflow_sha,
        ref_protected: false,
        retention_days: RETENTION_DAYS,
        urls: ServerUrls { server: ServerUrls::GITHUB.server, api: &api, graphql: &graphql },
    };
    RunContexts { github: github.to_value(), inputs: inputs(request, workflow), vars: Value::Null }
}

/// The `inputs` context. A dispatch that came in as a webhook was checked by whoever sent it; if its
/// inputs do not fit the file after all, they are taken as they are.
fn inputs(request: &CreateRun, workflow: &Workflow) -> Value {
    if request.event != "workflow_dispatch" {
        return Value::object([]);
    }
    let given = request.payload.get("inputs").and_then(serde_json::Value::as_object);
    let given = given.cloned().unwrap_or_default();
    match resolve_inputs(workflow, &given) {
        Ok(resolved) => resolved.inputs,
        Err(_) => Value::from_json(&serde_json::Value::Object(given)),
    }
}
