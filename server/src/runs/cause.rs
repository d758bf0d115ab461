//! What caused a run.

use gantry_protocol::RunId;
use sqlx::PgConnection;

/// The body of the delivery that caused the run, unless the run or the delivery is gone.
pub async fn payload_of_run(db: &mut PgConnection, run: RunId) -> sqlx::Result<Option<Vec<u8>>> {
    sqlx::query_scalar!(
        "select deliveries.payload
         from workflow_runs
         join deliveries on deliveries.guid = workflow_runs.delivery_guid
         where workflow_runs.id = $1",
        run.0,
    )
    .fetch_optional(db)
    .await
}
