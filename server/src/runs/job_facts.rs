//! What others are told of a job that identifies itself.

use anyhow::Context as _;
use gantry_protocol::{JobId, RunId};
use gantry_workflow::advance::{RunState, Scope};
use gantry_workflow::model;
use sqlx::PgConnection;

use super::stored_plan;
use crate::jobs::{self, Attempt};

/// A job, its run and the file that declares it.
#[derive(Clone, Debug)]
pub struct JobFacts {
    pub job: JobId,
    /// The `github` context.
    pub github: serde_json::Value,
    pub environment: Option<String>,
    /// The file that declares the job, which may have been called.
    pub job_workflow_ref: String,
    pub job_workflow_sha: String,
}

/// The facts of a job whose run has a plan.
pub async fn job_facts(db: &mut PgConnection, job: JobId) -> anyhow::Result<JobFacts> {
    let row = sqlx::query!(
        "select run_id, run_attempt, job_key, environment
         from jobs
         where id = $1",
        job.0,
    )
    .fetch_one(&mut *db)
    .await
    .with_context(|| format!("looking up job {job}"))?;
    let attempt = Attempt { run: RunId(row.run_id), number: row.run_attempt };
    let plan = stored_plan::read(db, attempt.run).await?;
    let jobs = jobs::legs(db, attempt).await?;
    let state = RunState { jobs, ..RunState::default() };
    let key = model::JobId(row.job_key);
    let (scope, _) = Scope::of_job(&plan, &state, &key).context("the plan has no such job")?;
    let github = plan.contexts.github.to_json();
    let text = |name: &str| github[name].as_str().unwrap_or_default().to_owned();
    let (job_workflow_ref, job_workflow_sha) = match scope.source() {
        Some(source) => (source.to_ref(), source.sha.clone()),
        None => (text("workflow_ref"), text("workflow_sha")),
    };
    Ok(JobFacts { job, environment: row.environment, job_workflow_ref, job_workflow_sha, github })
}
