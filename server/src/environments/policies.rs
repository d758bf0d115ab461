//! SQL on `environment_ref_policies`: which branches and tags may be deployed.
//!
//! Does not decide about any; see `workflow::advance::Protection`.

use chrono::{DateTime, Utc};
use gantry_workflow::advance::RefKind;
use sqlx::PgConnection;

/// A policy of an environment.
#[derive(Clone, Debug)]
pub struct RefPolicyView {
    pub id: i64,
    pub kind: RefKind,
    pub pattern: String,
    pub created_at: DateTime<Utc>,
}

/// The policies of an environment, oldest first.
pub async fn list_policies(
    db: &mut PgConnection,
    environment_id: i64,
) -> anyhow::Result<Vec<RefPolicyView>> {
    let rows = sqlx::query!(
        "select id, kind, pattern, created_at
         from environment_ref_policies
         where environment_id = $1
         order by id",
        environment_id
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            let kind = row.kind.parse().map_err(anyhow::Error::msg)?;
            Ok(RefPolicyView { id: row.id, kind, pattern: row.pattern, created_at: row.created_at })
        })
        .collect()
}

/// Adds a policy; one that is there violates `environment_ref_policies_key`.
pub async fn create_policy(
    db: &mut PgConnection,
    environment_id: i64,
    (kind, pattern): (RefKind, &str),
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "insert into environment_ref_policies (environment_id, kind, pattern)
         values ($1, $2, $3)
         returning id",
        environment_id,
        kind.as_str(),
        pattern
    )
    .fetch_one(db)
    .await
}

/// Whether there is such a policy.
pub async fn rename_policy(
    db: &mut PgConnection,
    environment_id: i64,
    (id, pattern): (i64, &str),
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update environment_ref_policies
         set pattern = $3
         where environment_id = $1 and id = $2",
        environment_id,
        id,
        pattern
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Whether there was one.
pub async fn delete_policy(
    db: &mut PgConnection,
    environment_id: i64,
    id: i64,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "delete from environment_ref_policies
         where environment_id = $1 and id = $2",
        environment_id,
        id
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}
