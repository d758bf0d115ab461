//! What a runner is told about the job it has leased.
//!
//! Invariant: secrets are decrypted here, for a job that has been leased, and nowhere stored.

use anyhow::Context as _;
use gantry_protocol::{JobContexts, JobMessage, JobPolicy, WorkflowSettings};
use gantry_workflow::advance::{RunState, Scope, Secrets, needs_context, secrets_of_job};
use gantry_workflow::expr::{Entries, Value};
use gantry_workflow::model;
use gantry_workflow::plan::RunPlan;
use sqlx::PgConnection;

use super::{job_credentials, job_rights, runtime, stored_plan};
use crate::accounts::JobIdentity;
use crate::jobs::{self, LeasedJob};
use crate::repositories::{self, Repository};
use crate::secrets::{Place, Reader};
use crate::{App, secrets};

/// What GitHub sets, as secrets, in an attempt with debug output.
const DEBUG_SWITCHES: [&str; 2] = ["ACTIONS_STEP_DEBUG", "ACTIONS_RUNNER_DEBUG"];

/// The secret that every job has.
const TOKEN_NAME: &str = "GITHUB_TOKEN";

/// Everything the runner needs. Holds no connection while GitHub is asked.
pub(super) async fn build(app: &App, leased: &LeasedJob) -> anyhow::Result<JobMessage> {
    let mut db = app.db.acquire().await?;
    let plan = stored_plan::read(&mut db, leased.attempt.run).await?;
    let jobs = jobs::legs(&mut db, leased.attempt).await?;
    let state = RunState { jobs, ..RunState::default() };
    let key = model::JobId(leased.key.clone());
    let (scope, job) = Scope::of_job(&plan, &state, &key).context("the plan has no such job")?;
    let repository = repository(&mut db, leased).await?;
    let vars = vars(&mut db, &plan, (&repository, leased)).await?;
    let is_from_fork = is_from_fork(&plan.contexts.github.to_json(), &repository.full_name());
    let permissions = job_rights::permissions(&plan, (&scope, job), &repository);
    drop(db);
    let identity = JobIdentity { job: leased.id, lease: leased.lease };
    let credentials = job_credentials::issue(app, identity, (&repository, &permissions)).await?;
    let mut db = app.db.acquire().await?;
    let workflow = scope.workflow();
    let referenced = job.referenced_secrets(workflow.env.as_ref(), &workflow.defaults);
    // A runner looks at the switches without being told to.
    let is_wanted = |name: &str| referenced.contains(name) || DEBUG_SWITCHES.contains(&name);
    let mut secrets = match (is_from_fork, scope.is_called()) {
        (true, _) => Secrets::new(),
        (false, false) => {
            let environment = leased.environment.as_deref();
            secrets_of_run(&mut db, app, &repository, (environment, &is_wanted)).await?
        }
        (false, true) => {
            let passed_on = |own| secrets_of_job(&plan, &state, &key, own);
            let about = (&repository, leased, credentials.token.as_str());
            called_secrets(&mut db, app, about, passed_on).await?
        }
    };
    secrets.retain(|name, _| is_wanted(name));
    if is_debugged(&mut db, leased).await? {
        secrets.extend(DEBUG_SWITCHES.map(|name| (name.to_owned(), "true".to_owned())));
    }
    Ok(JobMessage {
        job_id: leased.id,
        run_id: leased.attempt.run,
        run_attempt: u32::try_from(leased.attempt.number)?,
        lease: leased.lease,
        lease_expires_in_ms: app.config.lease_seconds * 1000,
        name: leased.name.clone(),
        runs_on: leased.runs_on.clone(),
        timeout_minutes: u32::try_from(leased.timeout_minutes)?,
        cancel_timeout_minutes: u32::try_from(leased.cancel_timeout_minutes)?,
        workflow: settings(&scope),
        job: job.clone(),
        contexts: contexts(&scope, job, (leased, vars)),
        secrets,
        permissions: permissions.clone(),
        github_token: credentials.token,
        repository: credentials.repository,
        policy: JobPolicy { docker_socket: repository.docker_socket },
        runtime: Some(runtime::of_job(app, leased, (&repository, &plan, &permissions))?),
    })
}

async fn repository(db: &mut PgConnection, leased: &LeasedJob) -> anyhow::Result<Repository> {
    let id = sqlx::query_scalar!(
        "select repository_id
         from workflow_runs
         where id = $1",
        leased.attempt.run.0,
    )
    .fetch_one(&mut *db)
    .await?;
    let repository = repositories::find_by_id(db, gantry_protocol::RepositoryId(id)).await?;
    repository.context("the repository is gone")
}

/// Whether somebody asked for debug output of this attempt.
async fn is_debugged(db: &mut PgConnection, leased: &LeasedJob) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        "select debug_logging from workflow_runs where id = $1",
        leased.attempt.run.0,
    )
    .fetch_one(db)
    .await
}

fn settings(scope: &Scope<'_>) -> WorkflowSettings {
    let workflow = scope.workflow();
    WorkflowSettings {
        env: workflow.env.clone(),
        defaults: workflow.defaults.clone(),
        source: scope.source().cloned(),
        is_called: scope.is_called(),
    }
}

fn contexts(
    scope: &Scope<'_>,
    job: &model::Job,
    (leased, vars): (&LeasedJob, Value),
) -> JobContexts {
    let shared = scope.contexts();
    let shared = |name: &str| shared.get(name).cloned().unwrap_or_default();
    JobContexts {
        github: shared("github"),
        inputs: shared("inputs"),
        vars,
        needs: needs_context(scope, job),
        strategy: leased.strategy.clone(),
        matrix: leased.matrix.clone(),
    }
}

/// Those of the run, overlaid with those of the job's environment.
async fn vars(
    db: &mut PgConnection,
    plan: &RunPlan,
    (repository, leased): (&Repository, &LeasedJob),
) -> anyhow::Result<Value> {
    let Some(environment) = leased.environment.clone() else {
        return Ok(plan.contexts.vars.clone());
    };
    let place = Place::Environment(repository.id, environment);
    let own = secrets::list_variables(db, &place).await?;
    let own = own.into_iter().map(|it| (it.name, Value::string(it.value)));
    let of_run = match &plan.contexts.vars {
        Value::Object(variables) => variables.entries.clone(),
        _ => Entries::default(),
    };
    Ok(Value::object(of_run.into_iter().chain(own)))
}

async fn secrets_of_run(
    db: &mut PgConnection,
    app: &App,
    repository: &Repository,
    wanted: (Option<&str>, impl Fn(&str) -> bool),
) -> anyhow::Result<Secrets> {
    let reader = Reader { repository: repository.id, owner: &repository.owner };
    secrets::values_for_job(db, &app.vault, reader, wanted).await
}

/// What callers pass on of the run's secrets, and those of the job's own environment. A caller may
/// pass on the token by name; the runner adds it to every job anyway.
async fn called_secrets(
    db: &mut PgConnection,
    app: &App,
    (repository, leased, token): (&Repository, &LeasedJob, &str),
    passed_on: impl FnOnce(Secrets) -> Result<Secrets, String>,
) -> anyhow::Result<Secrets> {
    let mut own = secrets_of_run(db, app, repository, (None, |_: &str| true)).await?;
    own.insert(TOKEN_NAME.to_owned(), token.to_owned());
    let mut visible = passed_on(own).map_err(anyhow::Error::msg)?;
    visible.remove(TOKEN_NAME);
    if let Some(environment) = &leased.environment {
        let place = Place::Environment(repository.id, environment.clone());
        let names = secrets::list_secrets(db, &place).await?;
        let mut all =
            secrets_of_run(db, app, repository, (Some(environment), |_: &str| true)).await?;
        let of_environment = names.into_iter().filter_map(|it| all.remove_entry(&it.name));
        visible.extend(of_environment);
    }
    Ok(visible)
}

/// A pull request from another repository gets no secrets and may write nothing
/// (`semantics` 3.6 and 4.10).
pub(super) fn is_from_fork(github: &serde_json::Value, full_name: &str) -> bool {
    let is_pull_request = github["event_name"]
        .as_str()
        .is_some_and(|event| event.starts_with("pull_request") && event != "pull_request_target");
    let head = github.pointer("/event/pull_request/head/repo/full_name");
    let head = head.and_then(serde_json::Value::as_str).unwrap_or_default();
    is_pull_request && !head.eq_ignore_ascii_case(full_name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::is_from_fork;

    #[test]
    fn only_pull_requests_of_other_repositories_lose_the_secrets() {
        let github = |event: &str, head: serde_json::Value| {
            json!({
                "event_name": event,
                "event": { "pull_request": { "head": { "repo": head } } },
            })
        };
        let own = json!({ "full_name": "Octo/App" });
        let other = json!({ "full_name": "mallory/app" });
        assert!(!is_from_fork(&github("pull_request", own), "octo/app"));
        assert!(is_from_fork(&github("pull_request", other.clone()), "octo/app"));
        // A deleted fork has no repository.
        assert!(is_from_fork(&github("pull_request_review", json!(null)), "octo/app"));
        assert!(!is_from_fork(&github("pull_request_target", other), "octo/app"));
        assert!(!is_from_fork(&json!({ "event_name": "push", "event": {} }), "octo/app"));
    }
}
