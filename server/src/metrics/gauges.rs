//! Numbers that are counted from rows.

use metrics::gauge;
use sqlx::PgPool;

pub(super) async fn measure(db: &PgPool) -> sqlx::Result<()> {
    measure_jobs(db).await?;
    let counts = sqlx::query!(
        "select (select count(*) from workflow_runs where status <> 'completed') as \"runs!\",
                (select count(*) from deliveries where status = 'pending') as \"deliveries!\",
                (select count(*) from outbox) as \"outbox!\",
                (select count(*) from runners
                 where last_seen_at > now() - interval '2 minutes') as \"runners!\",
                coalesce((select extract(epoch from now() - min(queued_at))::float8
                          from jobs where status = 'queued'), 0) as \"oldest_queued!\""
    )
    .fetch_one(db)
    .await?;
    gauge!("gantry_runs_open").set(as_gauge(counts.runs));
    gauge!("gantry_deliveries_pending").set(as_gauge(counts.deliveries));
    gauge!("gantry_outbox_waiting").set(as_gauge(counts.outbox));
    gauge!("gantry_runners_online").set(as_gauge(counts.runners));
    gauge!("gantry_oldest_queued_job_seconds").set(counts.oldest_queued);
    Ok(())
}

async fn measure_jobs(db: &PgPool) -> sqlx::Result<()> {
    let rows = sqlx::query!(
        "select status, count(*) as \"n_jobs!\"
         from jobs
         where status in ('waiting', 'queued', 'in_progress')
         group by status"
    )
    .fetch_all(db)
    .await?;
    for status in ["waiting", "queued", "in_progress"] {
        let n_jobs = rows.iter().find(|row| row.status == status).map_or(0, |row| row.n_jobs);
        gauge!("gantry_jobs", "status" => status).set(as_gauge(n_jobs));
    }
    Ok(())
}

/// Exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "gauges are floats")]
fn as_gauge(count: i64) -> f64 {
    count as f64
}
