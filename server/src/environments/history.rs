//! What was deployed to an environment, when, and who let it.

use chrono::{DateTime, Utc};
use gantry_protocol::RepositoryId;
use sqlx::PgConnection;

/// Deployments that are shown.
const SHOWN: i64 = 50;

/// One job that deployed, or tried to.
#[derive(Clone, Debug)]
pub struct DeploymentView {
    pub job_id: i64,
    pub job_name: String,
    pub run_id: i64,
    pub run_attempt: i32,
    /// The job belongs to the run's newest attempt, which is over, so that it can be run again.
    pub can_repeat: bool,
    pub title: String,
    pub head_branch: String,
    pub head_sha: String,
    pub actor: String,
    pub status: String,
    pub conclusion: Option<String>,
    pub environment_url: Option<String>,
    pub started_at: Option<DateTime<Utc>>,
    pub completed_at: Option<DateTime<Utc>>,
    pub review_state: Option<String>,
    pub reviewer: Option<String>,
    pub comment: Option<String>,
}

/// The newest first. Jobs that were skipped deployed nothing and are left out.
pub async fn deployments_to(
    db: &mut PgConnection,
    repository: RepositoryId,
    environment: &str,
) -> sqlx::Result<Vec<DeploymentView>> {
    sqlx::query_as!(
        DeploymentView,
        r#"select jobs.id as job_id, jobs.name as job_name, jobs.run_id, jobs.run_attempt,
             (workflow_runs.status = 'completed' and jobs.run_attempt = workflow_runs.run_attempt)
                 as "can_repeat!",
             workflow_runs.display_title as title, workflow_runs.head_branch,
             workflow_runs.head_sha, coalesce(workflow_runs.triggering_actor, workflow_runs.actor)
                 as "actor!",
             case jobs.status when 'blocked' then 'pending' else jobs.status end as "status!",
             jobs.conclusion, jobs.environment_url, jobs.started_at, jobs.completed_at,
             deployment_reviews.state as "review_state?",
             deployment_reviews.reviewer as "reviewer?", deployment_reviews.comment as "comment?"
         from jobs
         join workflow_runs on workflow_runs.id = jobs.run_id
         left join deployment_reviews on deployment_reviews.run_id = jobs.run_id
             and deployment_reviews.run_attempt = jobs.run_attempt
             and lower(deployment_reviews.environment) = lower(jobs.environment)
         where workflow_runs.repository_id = $1 and lower(jobs.environment) = lower($2)
           and jobs.kept_from is null and jobs.conclusion is distinct from 'skipped'
         order by jobs.id desc
         limit $3"#,
        repository.0,
        environment,
        SHOWN,
    )
    .fetch_all(db)
    .await
}
