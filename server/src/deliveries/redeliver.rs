//! One delivery with its body, and working on it once more.

use sqlx::PgConnection;

use super::view::DeliveryView;

/// A delivery with everything that is known of it.
#[derive(Clone, Debug)]
pub struct DeliveryDetail {
    pub delivery: DeliveryView,
    /// The body exactly as it came.
    pub payload: Vec<u8>,
    /// `owner/name` in lower case; '' where the payload names none.
    pub repository: String,
    /// What it started and what is still there, with the repositories' names.
    pub runs: Vec<StartedRun>,
}

/// A run that a delivery started.
#[derive(Clone, Debug)]
pub struct StartedRun {
    pub id: i64,
    pub name: String,
    pub repository: String,
    pub status: String,
    pub conclusion: Option<String>,
}

/// `None` when there is no delivery with this guid.
pub async fn find_delivery(
    db: &mut PgConnection,
    guid: &str,
) -> sqlx::Result<Option<DeliveryDetail>> {
    let Some(row) = sqlx::query!(
        "select guid, source, event, status, reason, n_attempts, received_at, completed_at,
             payload, repository
         from deliveries
         where guid = $1",
        guid,
    )
    .fetch_optional(&mut *db)
    .await?
    else {
        return Ok(None);
    };
    let runs = sqlx::query_as!(
        StartedRun,
        r#"select workflow_runs.id, workflows.name,
             repositories.owner || '/' || repositories.name as "repository!",
             workflow_runs.status, workflow_runs.conclusion
         from workflow_runs
         join workflows on workflows.id = workflow_runs.workflow_id
         join repositories on repositories.id = workflow_runs.repository_id
         where delivery_guid = $1
         order by workflow_runs.id"#,
        guid,
    )
    .fetch_all(db)
    .await?;
    let delivery = DeliveryView {
        guid: row.guid,
        source: row.source,
        event: row.event,
        status: row.status,
        reason: row.reason,
        n_attempts: row.n_attempts,
        received_at: row.received_at,
        completed_at: row.completed_at,
    };
    Ok(Some(DeliveryDetail { delivery, payload: row.payload, repository: row.repository, runs }))
}

/// Puts a delivery that has ended back into the inbox. Runs that it started already are not started
/// twice: there is one per delivery and workflow. False when it has not ended, or is not there.
pub async fn redeliver(db: &mut PgConnection, guid: &str) -> sqlx::Result<bool> {
    let changed = sqlx::query!(
        "update deliveries
         set status = 'pending', reason = null, n_attempts = 0, completed_at = null,
             next_attempt_at = clock_timestamp()
         where guid = $1 and status <> 'pending'",
        guid,
    )
    .execute(db)
    .await?;
    Ok(changed.rows_affected() > 0)
}
