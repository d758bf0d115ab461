//! What the runner is told about a job of a run in memory.

use std::collections::BTreeMap;

use anyhow::Context as _;
use gantry_protocol::{
    JobContexts, JobId, JobMessage, JobPolicy, JobRepository, RunId, WorkflowSettings,
};
use gantry_workflow::advance::{Scope, needs_context, secrets_of_job};
use gantry_workflow::diagnostic::Position;
use gantry_workflow::template::{Token, TokenKind};

use super::coordinator::{Coordinator, LEASE};

/// What the messages of all jobs have in common.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) full_name: String,
    pub(super) clone_url: String,
    pub(super) secrets: BTreeMap<String, String>,
    /// `--env`.
    pub(super) env: Vec<(String, String)>,
    pub(super) docker_socket: bool,
    pub(super) lease_expires_in_ms: u64,
}

impl Settings {
    /// The message of a job; an error is for the job to fail with.
    pub(super) fn message(&self, run: &Coordinator, id: JobId) -> anyhow::Result<JobMessage> {
        let local = run.jobs.get(&id).context("the run has no such job")?;
        let (plan, key) = (&run.plan, &local.key.job);
        let (scope, job) =
            Scope::of_job(plan, &run.state, key).context("the plan has no such job")?;
        let secrets = secrets_of_job(plan, &run.state, key, self.secrets.clone());
        let shared = scope.contexts();
        let shared = |name: &str| shared.get(name).cloned().unwrap_or_default();
        Ok(JobMessage {
            job_id: id,
            run_id: RunId(1),
            run_attempt: 1,
            lease: LEASE,
            lease_expires_in_ms: self.lease_expires_in_ms,
            name: local.leg.name.clone(),
            runs_on: local.leg.runs_on.clone(),
            timeout_minutes: local.leg.timeout_minutes,
            cancel_timeout_minutes: local.leg.cancel_timeout_minutes,
            workflow: WorkflowSettings {
                env: self.with_env(scope.workflow().env.as_ref()),
                defaults: scope.workflow().defaults.clone(),
                source: scope.source().cloned(),
                is_called: scope.is_called(),
            },
            job: job.clone(),
            contexts: JobContexts {
                github: shared("github"),
                inputs: shared("inputs"),
                vars: shared("vars"),
                needs: needs_context(&scope, job),
                strategy: local.leg.strategy.clone(),
                matrix: local.leg.matrix.clone(),
            },
            secrets: secrets.map_err(anyhow::Error::msg)?,
            permissions: scope.permissions(job).granted(),
            github_token: self.secrets.get("GITHUB_TOKEN").cloned().unwrap_or_default(),
            repository: JobRepository {
                full_name: self.full_name.clone(),
                clone_url: self.clone_url.clone(),
                clone_token: String::new(),
            },
            policy: JobPolicy { docker_socket: self.docker_socket },
            runtime: None,
        })
    }

    /// The workflow's `env`, over what the command line gives.
    fn with_env(&self, env: Option<&Token>) -> Option<Token> {
        if self.env.is_empty() {
            return env.cloned();
        }
        let own = env.map(Token::pairs).unwrap_or_default();
        let position = env.map_or(Position { line: 1, column: 1 }, |env| env.position);
        let token = |text: &str| Token::new(position, TokenKind::String(text.to_owned()));
        let is_own = |name: &str| {
            own.iter().any(|(key, _)| key.literal_text().is_some_and(|key| key == name))
        };
        let given = self.env.iter().filter(|(name, _)| !is_own(name));
        let given = given.map(|(name, value)| (token(name), token(value)));
        let pairs = given.chain(own.iter().cloned()).collect();
        Some(Token::new(position, TokenKind::Mapping(pairs)))
    }
}
