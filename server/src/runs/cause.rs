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

/// The event and the guid of the delivery that caused the run.
pub async fn delivery_of_run(
    db: &mut PgConnection,
    run: RunId,
) -> sqlx::Result<Option<(String, String)>> {
    let row = sqlx::query!("select event, delivery_guid from workflow_runs where id = $1", run.0)
        .fetch_optional(db)
        .await?;
    Ok(row.map(|row| (row.event, row.delivery_guid)))
}
