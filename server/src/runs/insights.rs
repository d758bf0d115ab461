//! How the runs of a repository have gone lately, in numbers.
//!
//! Only runs that have ended count, in their newest attempt.

use chrono::{DateTime, Utc};
use gantry_protocol::RepositoryId;
use sqlx::PgConnection;

/// Runs that are drawn.
const MAX_POINTS: i64 = 200;

/// Which runs count.
#[derive(Clone, Copy, Debug)]
pub struct InsightsFilter {
    pub repository: RepositoryId,
    pub workflow: Option<i64>,
    pub since: DateTime<Utc>,
}

/// The numbers of one workflow. Times are in seconds, of runs that succeeded or failed.
#[derive(Clone, Debug)]
pub struct WorkflowInsights {
    pub workflow_id: i64,
    pub name: String,
    pub path: String,
    pub n_runs: i64,
    pub n_succeeded: i64,
    pub n_failed: i64,
    pub p50_seconds: Option<f64>,
    pub p95_seconds: Option<f64>,
}

/// One run as a point of a drawing.
#[derive(Clone, Debug)]
pub struct RunPoint {
    pub id: i64,
    pub run_number: i64,
    pub workflow_name: String,
    pub conclusion: String,
    pub started_at: DateTime<Utc>,
    pub seconds: f64,
}

/// The workflows with runs, by name.
pub async fn workflow_insights(
    db: &mut PgConnection,
    filter: InsightsFilter,
) -> sqlx::Result<Vec<WorkflowInsights>> {
    sqlx::query_as!(
        WorkflowInsights,
        r#"with ended as (
             select workflow_id, conclusion,
                 extract(epoch from completed_at - run_started_at)::double precision as seconds
             from workflow_runs
             where repository_id = $1 and status = 'completed' and created_at >= $3
               and ($2::bigint is null or workflow_id = $2)
         )
         select workflows.id as workflow_id, workflows.name, workflows.path,
             count(*) as "n_runs!",
             count(*) filter (where conclusion = 'success') as "n_succeeded!",
             count(*) filter (where conclusion in ('failure', 'timed_out', 'startup_failure'))
                 as "n_failed!",
             percentile_cont(0.5) within group (order by seconds)
                 filter (where conclusion in ('success', 'failure', 'timed_out')) as p50_seconds,
             percentile_cont(0.95) within group (order by seconds)
                 filter (where conclusion in ('success', 'failure', 'timed_out')) as p95_seconds
         from ended
         join workflows on workflows.id = ended.workflow_id
         group by workflows.id
         order by workflows.name, workflows.id"#,
        filter.repository.0,
        filter.workflow,
        filter.since,
    )
    .fetch_all(db)
    .await
}

/// The newest runs, oldest first.
pub async fn run_points(
    db: &mut PgConnection,
    filter: InsightsFilter,
) -> sqlx::Result<Vec<RunPoint>> {
    let mut points = sqlx::query_as!(
        RunPoint,
        r#"select workflow_runs.id, run_number, workflows.name as workflow_name,
             conclusion as "conclusion!", run_started_at as started_at,
             extract(epoch from completed_at - run_started_at)::double precision as "seconds!"
         from workflow_runs
         join workflows on workflows.id = workflow_runs.workflow_id
         where workflow_runs.repository_id = $1 and status = 'completed'
           and completed_at is not null and workflow_runs.created_at >= $3
           and ($2::bigint is null or workflow_id = $2)
         order by workflow_runs.id desc
         limit $4"#,
        filter.repository.0,
        filter.workflow,
        filter.since,
        MAX_POINTS,
    )
    .fetch_all(db)
    .await?;
    points.reverse();
    Ok(points)
}
