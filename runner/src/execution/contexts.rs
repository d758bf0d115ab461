//! The contexts that expressions of a step are evaluated against, and the variables made of them
//! (`semantics` 2.9 and 5.5). Pure.
//!
//! Invariant: `secrets` is never part of what a composite action's steps see.

use gantry_protocol::JobMessage;
use gantry_workflow::expr::{Object, Value};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::state::{Containers, Progress, StepResult};
use super::status::JobStatus;
use crate::workspace::InsidePaths;

/// What is the same for every step of a job.
#[derive(Clone, Copy)]
pub(crate) struct JobView<'a> {
    pub(crate) message: &'a JobMessage,
    pub(crate) progress: &'a Progress,
    pub(crate) containers: Option<&'a Containers>,
    pub(crate) paths: &'a InsidePaths,
    pub(crate) runner_name: &'a str,
}

/// What differs from step to step.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    /// `github.action`
    pub(crate) step_id: String,
    /// The `env` context.
    pub(crate) environment: IndexMap<String, String>,
    /// The part of it that is the step's own, and that of the steps around it.
    pub(crate) own_environment: IndexMap<String, String>,
    /// Set for the steps of a composite action.
    pub(crate) action: Option<ActionScope>,
    /// The action that the step runs, where that is a program.
    pub(crate) running: Option<RunningAction>,
}

/// What `github.action_repository` and `github.action_ref` say of a running action.
#[derive(Clone, Debug)]
pub(crate) struct RunningAction {
    /// Empty for a local action.
    pub(crate) repository: String,
    pub(crate) git_ref: String,
}

/// What the steps of a composite action see instead of the job's.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct ActionScope {
    /// `github.action_path`
    pub(crate) path: String,
    pub(crate) repository: String,
    pub(crate) git_ref: String,
    pub(crate) inputs: Value,
    pub(crate) steps: IndexMap<String, StepResult>,
    /// `github.action_status`: of the action so far.
    pub(crate) status: JobStatus,
}

/// Names of the `github` context that become `GITHUB_*` variables.
const GITHUB_VARIABLES: &[&str] = &[
    "action",
    "action_path",
    "action_ref",
    "action_repository",
    "actor",
    "actor_id",
    "api_url",
    "base_ref",
    "event_name",
    "event_path",
    "graphql_url",
    "head_ref",
    "job",
    "ref",
    "ref_name",
    "ref_protected",
    "ref_type",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "retention_days",
    "run_attempt",
    "run_id",
    "run_number",
    "server_url",
    "sha",
    "triggering_actor",
    "workflow",
    "workflow_ref",
    "workflow_sha",
    "workspace",
];

/// All contexts, by name.
pub(crate) fn contexts(view: JobView<'_>, scope: &Scope) -> Object {
    let message = view.message;
    let steps = scope.action.as_ref().map_or(&view.progress.steps, |action| &action.steps);
    let mut contexts: Object = [
        ("github", Value::Object(github(view, scope).into())),
        ("env", environment(&scope.environment)),
        ("job", job(view)),
        ("runner", runner(view)),
        ("steps", steps_context(steps)),
        ("strategy", message.contexts.strategy.clone()),
        ("matrix", message.contexts.matrix.clone()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    let rest = match &scope.action {
        Some(action) => vec![("inputs", action.inputs.clone())],
        None => vec![
            ("inputs", message.contexts.inputs.clone()),
            ("vars", message.contexts.vars.clone()),
            ("needs", message.contexts.needs.clone()),
            ("secrets", secrets(message)),
        ],
    };
    contexts.entries.extend(rest.into_iter().map(|(name, value)| (name.to_owned(), value)));
    contexts
}

/// The `GITHUB_*` and `RUNNER_*` variables that a process of this scope gets.
pub(crate) fn runner_variables(view: JobView<'_>, scope: &Scope) -> Vec<(String, String)> {
    let github = github(view, scope);
    let github = GITHUB_VARIABLES.iter().filter_map(|name| {
        let value = github.get(name)?;
        Some((format!("GITHUB_{}", name.to_uppercase()), value.to_text().into_owned()))
    });
    let runner = match runner(view) {
        Value::Object(runner) => runner,
        _ => return github.collect(),
    };
    let runner = runner.entries.iter().map(|(name, value)| {
        (format!("RUNNER_{}", name.to_uppercase()), value.to_text().into_owned())
    });
    let JobMessage { job_id, lease, .. } = view.message;
    let tracking = ("RUNNER_TRACKING_ID".to_owned(), format!("github_{job_id}_{lease}"));
    let debug = is_debug(view.message).then(|| ("RUNNER_DEBUG".to_owned(), "1".to_owned()));
    github.chain(runner).chain([tracking]).chain(debug).collect()
}

/// Whether the repository asks for debug output of steps.
pub(crate) fn is_debug(message: &JobMessage) -> bool {
    let name = "ACTIONS_STEP_DEBUG";
    let variable = match &message.contexts.vars {
        Value::Object(vars) => vars.get(name).is_some_and(|value| value.to_text() == "true"),
        _ => false,
    };
    variable || message.secrets.get(name).is_some_and(|value| value == "true")
}

/// The repository's name without its owner.
pub(crate) fn repository_name(message: &JobMessage) -> &str {
    let full_name = message.repository.full_name.as_str();
    full_name.rsplit('/').next().unwrap_or(full_name)
}

fn github(view: JobView<'_>, scope: &Scope) -> Object {
    let message = view.message;
    let mut github = match &message.contexts.github {
        Value::Object(object) => (**object).clone(),
        _ => Object::default(),
    };
    let mut set = |name: &str, value: &str| {
        github.entries.insert(name.to_owned(), Value::string(value));
    };
    set("token", &message.github_token);
    // The path within the container, also where GitHub's runner gives the one on its own disk:
    // a job never sees that.
    set("workspace", &view.paths.workspace(repository_name(message)));
    set("event_path", &view.paths.event_file());
    set("job", message.job.id.as_str());
    set("action", &scope.step_id);
    let around = scope.action.as_ref();
    if let Some(action) = around {
        set("action_path", &action.path);
        set("action_status", action.status.as_str());
    }
    let running = scope.running.as_ref().map(|action| (&action.repository, &action.git_ref));
    let running = running.or(around.map(|action| (&action.repository, &action.git_ref)));
    let (repository, git_ref) = running.map_or(("", ""), |(name, git_ref)| (name, git_ref));
    set("action_repository", repository);
    set("action_ref", git_ref);
    for name in ["base_ref", "head_ref"] {
        github.entries.entry(name.to_owned()).or_insert_with(|| Value::string(""));
    }
    github
}

fn environment(pairs: &IndexMap<String, String>) -> Value {
    let mut object: Object = strings(pairs).collect();
    object.case_sensitive = true;
    Value::Object(object.into())
}

fn strings(pairs: &IndexMap<String, String>) -> impl Iterator<Item = (String, Value)> {
    pairs.iter().map(|(name, value)| (name.clone(), Value::string(value.as_str())))
}

fn job(view: JobView<'_>) -> Value {
    let mut entries = vec![("status".to_owned(), Value::string(view.progress.status.as_str()))];
    if let Some(containers) = view.containers {
        let network = containers.network.clone().unwrap_or_default();
        let id_and_network = |id: &str| {
            [
                ("id".to_owned(), Value::string(id)),
                ("network".to_owned(), Value::string(network.as_str())),
            ]
        };
        entries.push(("container".to_owned(), Value::object(id_and_network(&containers.job))));
        let services = containers.services.iter().map(|service| {
            let ports = Value::object(strings(&service.ports));
            let entry = id_and_network(&service.started.container)
                .into_iter()
                .chain([("ports".to_owned(), ports)]);
            (service.name.clone(), Value::object(entry))
        });
        entries.push(("services".to_owned(), Value::object(services)));
    }
    #[expect(clippy::cast_precision_loss, reason = "the language has doubles only")]
    entries.push(("check_run_id".to_owned(), Value::Number(view.message.job_id.0 as f64)));
    if let Some(source) = &view.message.workflow.source {
        let of_file = [
            ("workflow_ref", source.to_ref()),
            ("workflow_sha", source.sha.clone()),
            ("workflow_repository", source.repository.clone()),
            ("workflow_file_path", source.path.clone()),
        ];
        entries.extend(of_file.map(|(name, value)| (name.to_owned(), Value::string(value))));
    }
    Value::object(entries)
}

fn runner(view: JobView<'_>) -> Value {
    let arch = match std::env::consts::ARCH {
        "aarch64" => "ARM64",
        "x86" => "X86",
        "arm" => "ARM",
        _ => "X64",
    };
    let entries = [
        ("os", "Linux"),
        ("arch", arch),
        ("name", view.runner_name),
        ("environment", "self-hosted"),
        ("tool_cache", &view.paths.tools),
        ("temp", &view.paths.temp()),
        ("workspace", &view.paths.runner_workspace(repository_name(view.message))),
    ]
    .map(|(name, value)| (name.to_owned(), Value::string(value)));
    Value::object(entries)
}

fn secrets(message: &JobMessage) -> Value {
    let own = message.secrets.iter().map(|(name, value)| (name.clone(), value.as_str()));
    let token = [("GITHUB_TOKEN".to_owned(), message.github_token.as_str())];
    let all = own.chain(token).map(|(name, value)| (name, Value::string(value)));
    Value::object(all)
}

/// The `steps` context; generated ids are not part of it.
fn steps_context(steps: &IndexMap<String, StepResult>) -> Value {
    let visible = steps.iter().filter(|(id, _)| !id.starts_with("__"));
    Value::object(visible.map(|(id, result)| {
        let entries = [
            ("outputs", Value::object(strings(&result.outputs))),
            ("outcome", Value::string(result.outcome.as_str())),
            ("conclusion", Value::string(result.conclusion.as_str())),
        ];
        (id.clone(), Value::object(entries.map(|(name, value)| (name.to_owned(), value))))
    }))
}
