//! The environment of a step's process, from the job and the step (`semantics` 5.5).

use gantry_protocol::ActionsRuntime;
use indexmap::IndexMap;

use crate::execution::{
    EnvironmentParts, RunningJob, Scope, is_debug, process_environment, runner_variables,
};
use crate::infra_error::InfraError;
use crate::output::CommandOptions;

/// What only processes of actions get.
#[derive(Debug, Default)]
pub(super) struct ActionVariables {
    /// `INPUT_*` and `STATE_*`
    pub(super) own: IndexMap<String, String>,
    /// `ACTIONS_*`, which no workflow can change.
    pub(super) services: Vec<(String, String)>,
}

/// The whole environment of a process in the job's container.
pub(super) fn environment(
    job: &RunningJob,
    scope: &Scope,
    action: &ActionVariables,
) -> Result<Vec<(String, String)>, InfraError> {
    let shim = job.shim()?;
    let mut image = shim.environment().to_vec();
    if let Some(containers) = &job.state.record.containers {
        image.extend(containers.environment.iter().cloned());
    }
    let mut runner = runner_variables(job.view(), scope);
    runner.extend(identity_variables(job));
    runner.extend(action.services.iter().cloned());
    Ok(process_environment(&EnvironmentParts {
        image: &image,
        home: &job.paths.home,
        job: &IndexMap::new(),
        step: &scope.environment,
        action: &action.own,
        runner,
        path: &job.state.record.progress.path,
    }))
}

/// The whole environment of an action's own container: its image's is added by the engine, and paths
/// of the job become those that the action sees.
pub(super) fn container_environment(
    job: &RunningJob,
    scope: &Scope,
    action: &ActionVariables,
) -> Vec<(String, String)> {
    let mut runner = runner_variables(job.view(), scope);
    runner.extend(identity_variables(job));
    runner.extend(action.services.iter().cloned());
    let parts = EnvironmentParts {
        image: &[],
        home: "/github/home",
        job: &IndexMap::new(),
        step: &scope.environment,
        action: &action.own,
        runner,
        path: &[],
    };
    let is_set = scope.environment.contains_key("PATH");
    let environment = process_environment(&parts).into_iter();
    environment
        .filter(|(name, _)| name != "PATH" || is_set)
        .map(|(name, value)| match name.as_str() {
            "HOME" => (name, "/github/home".to_owned()),
            _ => (name, translated(job, value)),
        })
        .collect()
}

/// A path of the job as an action in a container sees it.
fn translated(job: &RunningJob, value: String) -> String {
    let temp = job.paths.temp();
    let workspace = job.workspace();
    // The longer ones first: one is within another.
    let mapped = [
        (job.paths.home.as_str(), "/github/home"),
        (&job.paths.workflow, "/github/workflow"),
        (&workspace, "/github/workspace"),
        (&temp, "/github/runner_temp"),
    ];
    for (inside, outside) in mapped {
        if let Some(rest) = value.strip_prefix(inside)
            && (rest.is_empty() || rest.starts_with('/'))
        {
            return format!("{outside}{rest}");
        }
    }
    value
}

/// How commands in the output of a process with this environment are read.
pub(super) fn command_options(
    job: &RunningJob,
    environment: &[(String, String)],
) -> CommandOptions {
    let allows = |wanted: &str| {
        let found = environment.iter().find(|(name, _)| name == wanted);
        found.is_some_and(|(_, value)| value.eq_ignore_ascii_case("true"))
    };
    CommandOptions {
        debug: is_debug(&job.state.message),
        allow_unsecure_commands: allows("ACTIONS_ALLOW_UNSECURE_COMMANDS"),
        allow_unsecure_stop_tokens: allows("ACTIONS_ALLOW_UNSECURE_STOPCOMMAND_TOKENS"),
        workspace: job.workspace(),
        sources: Some(job.sources()),
        matchers: job.state.record.progress.matchers.clone(),
    }
}

/// `INPUT_*` of an action's inputs and `STATE_*` of its earlier stages.
pub(super) fn action_variables(
    job: &RunningJob,
    inputs: &IndexMap<String, String>,
    key: &str,
) -> ActionVariables {
    let inputs = inputs.iter().map(|(name, value)| (input_variable(name), value.clone()));
    let states = job.state.record.progress.actions.states.get(key);
    let states = states.into_iter().flatten();
    let states = states.map(|(name, value)| (format!("STATE_{name}"), value.clone()));
    let services = job.state.message.runtime.iter().flat_map(service_variables).collect();
    ActionVariables { own: inputs.chain(states).collect(), services }
}

/// `ACTIONS_*` (`protocols` 3.1).
fn service_variables(runtime: &ActionsRuntime) -> Vec<(String, String)> {
    let cache = runtime.cache_url.as_deref().map(|url| ("ACTIONS_CACHE_URL", url));
    let fixed = [
        ("ACTIONS_RUNTIME_URL", runtime.url.as_str()),
        ("ACTIONS_RUNTIME_TOKEN", &runtime.token),
        ("ACTIONS_RESULTS_URL", &runtime.results_url),
        ("ACTIONS_CACHE_SERVICE_V2", "True"),
    ];
    let all = fixed.into_iter().chain(cache);
    all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// What scripts get as well, in a job with `id-token: write`.
fn identity_variables(job: &RunningJob) -> Vec<(String, String)> {
    let request = job.state.message.runtime.iter().filter_map(|runtime| runtime.id_token.as_ref());
    request
        .flat_map(|request| {
            [
                ("ACTIONS_ID_TOKEN_REQUEST_URL", request.url.as_str()),
                ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", &request.token),
            ]
        })
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Dashes stay, as on GitHub.
fn input_variable(name: &str) -> String {
    format!("INPUT_{}", name.replace(' ', "_").to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_inputs_keep_their_dashes() {
        assert_eq!(input_variable("fetch-depth of it"), "INPUT_FETCH-DEPTH_OF_IT");
    }
}
