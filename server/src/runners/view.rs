//! Reading runners, and telling one to take no further job.

use chrono::{DateTime, Utc};
use gantry_protocol::RunnerId;
use sqlx::PgConnection;

/// A runner as it is shown.
#[derive(Clone, Debug)]
pub struct RunnerView {
    pub id: i64,
    pub name: String,
    /// What it says of itself.
    pub labels: Vec<String>,
    /// What an administrator has given it.
    pub custom_labels: Vec<String>,
    pub version: String,
    /// It has been heard of lately: it polls every 50 s at most.
    pub is_online: bool,
    /// It finishes what it has and takes nothing else.
    pub is_draining: bool,
    pub last_seen_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
}

/// All of them by name.
pub async fn list_runners(db: &mut PgConnection) -> sqlx::Result<Vec<RunnerView>> {
    sqlx::query_as!(
        RunnerView,
        r#"select id, name, labels, custom_labels, version,
             last_seen_at >= clock_timestamp() - interval '2 minutes' as "is_online!",
             is_draining, last_seen_at, created_at
         from runners
         order by name"#,
    )
    .fetch_all(db)
    .await
}

/// False when there is no such runner.
pub async fn set_draining(
    db: &mut PgConnection,
    runner: RunnerId,
    is_draining: bool,
) -> sqlx::Result<bool> {
    let changed = sqlx::query!(
        "update runners
         set is_draining = $2, updated_at = clock_timestamp()
         where id = $1",
        runner.0,
        is_draining,
    )
    .execute(db)
    .await?;
    Ok(changed.rows_affected() > 0)
}
