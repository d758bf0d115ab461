//! Asking for reports, in the transaction that gives the reason for them.
//!
//! The caller wakes `Topic::Outbox` after its transaction has committed.

use gantry_protocol::{JobId, RepositoryId, RunId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;

use super::queries::{self, RunOrJob};
use crate::config::{Config, GitHubCredentials};
use crate::outbox;

/// A kind of effect in the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    CheckRun,
    CommitStatus,
    Deployment,
    Skipped,
}

impl Kind {
    pub(super) const ALL: [Self; 4] =
        [Self::CheckRun, Self::CommitStatus, Self::Deployment, Self::Skipped];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::CheckRun => "check_run",
            Self::CommitStatus => "commit_status",
            Self::Deployment => "deployment",
            Self::Skipped => "skipped_workflow",
        }
    }
}

/// Asks for what GitHub shows of `job` to be brought up to date. For a repository of this machine
/// nothing is asked for, unless the server has a token to report everything with.
pub async fn want_report(db: &mut PgConnection, config: &Config, job: JobId) -> sqlx::Result<()> {
    let Some(target) = queries::find_target(db, RunOrJob::Job(job)).await? else { return Ok(()) };
    if !target.is_on_github && !reports_everything(config) {
        return Ok(());
    }
    let payload = json!({ "job_id": job, "repository_id": target.repository });
    let key = job.to_string();
    outbox::enqueue(db, Kind::CheckRun.as_str(), &key, &payload).await?;
    if target.reports_statuses {
        outbox::enqueue(db, Kind::CommitStatus.as_str(), &key, &payload).await?;
    }
    if target.has_environment && target.is_on_github && !target.is_shadow {
        outbox::enqueue(db, Kind::Deployment.as_str(), &key, &payload).await?;
    }
    Ok(())
}

/// Asks for a failed check run for a run that ended before it had jobs; otherwise as
/// [`want_report`].
pub async fn want_failed_start(
    db: &mut PgConnection,
    config: &Config,
    run: RunId,
) -> sqlx::Result<()> {
    let Some(target) = queries::find_target(db, RunOrJob::Run(run)).await? else { return Ok(()) };
    if !target.is_on_github && !reports_everything(config) {
        return Ok(());
    }
    let payload = json!({ "run_id": run, "repository_id": target.repository });
    outbox::enqueue(db, Kind::CheckRun.as_str(), &format!("run-{run}"), &payload).await
}

/// A workflow that an event would have started if no filter had kept it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SkippedWorkflow {
    pub repository_id: RepositoryId,
    pub head_sha: String,
    pub path: String,
    /// Why, in words.
    pub reason: String,
    /// Names of its jobs as far as the file alone says them.
    pub job_names: Vec<String>,
}

/// Asks for check runs that say `skipped`, so that required checks resolve.
pub async fn want_skipped(db: &mut PgConnection, skipped: &SkippedWorkflow) -> sqlx::Result<()> {
    let key = format!("{}-{}-{}", skipped.repository_id, skipped.head_sha, skipped.path);
    let payload = json!(skipped);
    outbox::enqueue(db, Kind::Skipped.as_str(), &key, &payload).await
}

fn reports_everything(config: &Config) -> bool {
    let credentials = config.github.as_ref().map(|access| &access.credentials);
    matches!(credentials, Some(GitHubCredentials::Token(_)))
}
