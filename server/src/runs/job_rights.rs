//! What a job that runs may do with its token, and tokens for as long as it runs.
//!
//! Invariant: nothing here outlives the lease; a job that was handed out again has no rights under its
//! older lease.

use anyhow::Context as _;
use gantry_protocol::RunId;
use gantry_workflow::advance::{RunState, Scope};
use gantry_workflow::model::{self, Access};
use gantry_workflow::plan::RunPlan;
use secrecy::SecretString;
use sqlx::PgConnection;

use super::{job_credentials, job_message, stored_plan};
use crate::App;
use crate::accounts::JobIdentity;
use crate::github;
use crate::jobs::view::leased_repository;
use crate::jobs::{self, Attempt};
use crate::repositories::{self, Repository};

/// Of a job that runs.
#[derive(Clone, Debug)]
pub struct JobRights {
    pub repository: Repository,
    /// Scopes with at least read access.
    pub permissions: Vec<(String, Access)>,
}

/// `None` when the job does not run under this lease, or its run has no plan to say what it may do.
pub async fn job_rights(
    db: &mut PgConnection,
    identity: JobIdentity,
) -> anyhow::Result<Option<JobRights>> {
    let Some(id) = leased_repository(db, identity.job, identity.lease).await? else {
        return Ok(None);
    };
    let repository = repositories::find_by_id(db, id).await?.context("the repository is gone")?;
    let row = sqlx::query!(
        "select jobs.run_id, jobs.run_attempt, jobs.job_key
         from jobs
         join workflow_runs on workflow_runs.id = jobs.run_id
         where jobs.id = $1 and workflow_runs.plan is not null",
        identity.job.0,
    )
    .fetch_optional(&mut *db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let attempt = Attempt { run: RunId(row.run_id), number: row.run_attempt };
    let plan = stored_plan::read(db, attempt.run).await?;
    let jobs = jobs::legs(db, attempt).await?;
    let state = RunState { jobs, ..RunState::default() };
    let key = model::JobId(row.job_key);
    let (scope, job) = Scope::of_job(&plan, &state, &key).context("the plan has no such job")?;
    let permissions = permissions(&plan, (&scope, job), &repository);
    Ok(Some(JobRights { repository, permissions }))
}

/// Those of the job, which are lowered for a pull request from another repository.
pub(super) fn permissions(
    plan: &RunPlan,
    (scope, job): (&Scope<'_>, &model::Job),
    repository: &Repository,
) -> Vec<(String, Access)> {
    let permissions = scope.permissions(job);
    let github = plan.contexts.github.to_json();
    match job_message::is_from_fork(&github, &repository.full_name()) {
        true => permissions.read_only().granted(),
        false => permissions.granted(),
    }
}

/// A token of GitHub's that is good for some minutes at least, for a job that runs. GitHub's tokens end
/// after an hour; this makes the job a further one like its first. `None` when the job runs no more.
pub async fn fresh_token(app: &App, identity: JobIdentity) -> anyhow::Result<Option<SecretString>> {
    let lease = (identity.job, identity.lease);
    if let Some(token) = github::lasting_token(app, lease).await? {
        return Ok(Some(token));
    }
    let mut db = app.db.acquire().await?;
    let rights = job_rights(&mut db, identity).await?;
    drop(db);
    let Some(JobRights { repository, permissions }) = rights else { return Ok(None) };
    let github = repository.github().context("the repository is none of GitHub's any more")?;
    let token = job_credentials::issue_at_github(app, identity, (github, &permissions)).await?;
    tracing::info!(job.id = identity.job.0, "the token of a job was renewed");
    metrics::counter!("gantry_job_tokens_renewed_total").increment(1);
    Ok(Some(token))
}
