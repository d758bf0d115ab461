//! One entry under `jobs:`.

use super::keys::{Keys, named};
use super::{both_levels, call, condition, container, matrix, snapshot, steps};
use crate::diagnostic::{Diagnostics, Position};
use crate::model::{Environment, Job, JobId, JobKind, StepsJob, Strategy};
use crate::schema::JOB_IF;
use crate::template::{Token, TokenKind};

/// Reads a job; its `needs` are resolved later, with all jobs. `None` after an error.
pub(super) fn read(
    diagnostics: &mut Diagnostics,
    (id, id_position): (JobId, Position),
    token: Token,
) -> Option<Job> {
    let position = token.position;
    let mut keys = Keys::of(token);
    let condition = condition::read(diagnostics, keys.take("if"), &JOB_IF);
    let strategy = keys.take("strategy").map(|token| strategy(diagnostics, token));
    let permissions = both_levels::permissions(&mut keys);
    let concurrency = both_levels::take_concurrency(diagnostics, &mut keys);
    let name = keys.take("name");
    let kind = kind(diagnostics, id_position, keys);
    Some(Job {
        id,
        position,
        name,
        needs: Vec::new(),
        condition: condition?,
        strategy,
        permissions,
        concurrency,
        kind: kind?,
    })
}

fn kind(diagnostics: &mut Diagnostics, id_position: Position, mut keys: Keys) -> Option<JobKind> {
    if let Some(uses) = keys.take("uses") {
        let call = call::job(diagnostics, id_position, (&uses, &mut keys))?;
        return Some(JobKind::Call(Box::new(call)));
    }
    if let Some(token) = keys.take("snapshot") {
        snapshot::check(diagnostics, token);
    }
    let runs_on = keys.take("runs-on")?;
    check_runner_group(diagnostics, &runs_on);
    let container = keys.take("container");
    let services = keys.take("services");
    container.iter().for_each(|token| container::check(diagnostics, token));
    services.iter().for_each(|token| container::check_services(diagnostics, token));
    Some(JobKind::Steps(Box::new(StepsJob {
        runs_on,
        env: keys.take("env"),
        defaults: both_levels::defaults(&mut keys),
        environment: keys.take("environment").and_then(environment),
        outputs: keys.take("outputs").map(outputs).unwrap_or_default(),
        container,
        services,
        timeout_minutes: keys.take("timeout-minutes"),
        cancel_timeout_minutes: keys.take("cancel-timeout-minutes"),
        continue_on_error: keys.take("continue-on-error"),
        steps: keys.take("steps").map(|token| steps::read(diagnostics, token)).unwrap_or_default(),
    })))
}

pub(in crate::model) fn strategy(diagnostics: &mut Diagnostics, token: Token) -> Strategy {
    let position = token.position;
    if token.has_unknown_keys() {
        let computed = Some(token);
        return Strategy { position, computed, fail_fast: None, max_parallel: None, matrix: None };
    }
    let mut keys = Keys::of(token);
    let matrix = keys.take("matrix");
    matrix.iter().for_each(|token| matrix::check(diagnostics, token));
    Strategy {
        position,
        computed: None,
        fail_fast: keys.take("fail-fast"),
        max_parallel: keys.take("max-parallel"),
        matrix,
    }
}

/// What the runner evaluates, the URL, is kept apart from a mapping with unknown keys.
pub(in crate::model) fn environment(token: Token) -> Option<Environment> {
    if !matches!(token.kind, TokenKind::Mapping(_)) {
        return Some(Environment { name: token, url: None, deployment: None });
    }
    let (position, has_unknown_keys) = (token.position, token.has_unknown_keys());
    let mut keys = Keys::of(token);
    let url = keys.take("url");
    if has_unknown_keys {
        return Some(Environment { name: keys.into_token(position), url, deployment: None });
    }
    Some(Environment { name: keys.take("name")?, url, deployment: keys.take("deployment") })
}

fn outputs(token: Token) -> Vec<(String, Token)> {
    named(token).map(|(name, _, value)| (name, value)).collect()
}

/// `group: organization/name` and `enterprise/name` are the only prefixes.
fn check_runner_group(diagnostics: &mut Diagnostics, runs_on: &Token) {
    let Some(group) = runs_on.get("group") else { return };
    let Some(name) = group.literal_text() else { return };
    let Some((prefix, rest)) = name.split_once('/') else { return };
    let is_known = matches!(prefix, "org" | "organization" | "ent" | "enterprise");
    let message = if !is_known || rest.contains('/') {
        format!(
            "Invalid runs-on group name '{name}'. Please use 'organization/' or 'enterprise/' \
             prefix to target a single runner group."
        )
    } else if rest.is_empty() {
        format!("Invalid runs-on group name '{name}'.")
    } else {
        return;
    };
    diagnostics.error(Some(group.position), "runner-group", message);
}
