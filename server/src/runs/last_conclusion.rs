//! How the last run of a workflow ended.

use sqlx::PgConnection;

/// Which runs count.
#[derive(Clone, Debug)]
pub struct LastRunFilter {
    pub workflow: i64,
    pub branch: String,
    /// Any event when absent.
    pub event: Option<String>,
}

/// `None` when no run has ended yet.
pub async fn last_conclusion(
    db: &mut PgConnection,
    filter: &LastRunFilter,
) -> sqlx::Result<Option<String>> {
    let conclusion = sqlx::query_scalar!(
        "select conclusion
         from workflow_runs
         where workflow_id = $1 and head_branch = $2 and status = 'completed'
           and ($3::text is null or event = $3)
         order by run_number desc
         limit 1",
        filter.workflow,
        filter.branch,
        filter.event,
    )
    .fetch_optional(db)
    .await?;
    Ok(conclusion.flatten())
}
