//! SQL on `runners` and `registration_tokens`.

use chrono::{DateTime, Utc};
use gantry_protocol::{RegisterRequest, RunnerId};
use sqlx::PgConnection;

/// A registered runner.
#[derive(Clone, Debug)]
pub struct Runner {
    pub id: RunnerId,
    pub name: String,
    /// In lower case; those that an administrator has given are among them.
    pub labels: Vec<String>,
}

/// Notes that the runner has been heard of.
pub async fn touch(db: &mut PgConnection, runner: RunnerId) -> sqlx::Result<()> {
    sqlx::query!(
        "update runners
         set last_seen_at = clock_timestamp()
         where id = $1",
        runner.0,
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn find_by_token_hash(
    db: &mut PgConnection,
    token_hash: &[u8],
) -> sqlx::Result<Option<Runner>> {
    let row = sqlx::query!(
        r#"select id, name, labels || custom_labels as "labels!"
         from runners
         where token_hash = $1"#,
        token_hash,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Runner { id: RunnerId(row.id), name: row.name, labels: row.labels }))
}

/// A runner of the same name keeps its id, so that it goes on with the jobs it holds.
pub(super) async fn upsert(
    db: &mut PgConnection,
    request: &RegisterRequest,
    token_hash: &[u8],
) -> sqlx::Result<RunnerId> {
    let labels: Vec<String> = request.labels.iter().map(|label| label.to_lowercase()).collect();
    let id = sqlx::query_scalar!(
        "insert into runners (name, token_hash, labels, version)
         values ($1, $2, $3, $4)
         on conflict (name) do update
         set token_hash = excluded.token_hash,
             labels = excluded.labels,
             version = excluded.version,
             last_seen_at = clock_timestamp(),
             updated_at = clock_timestamp()
         returning id",
        request.name,
        token_hash,
        &labels,
        request.version,
    )
    .fetch_one(db)
    .await?;
    Ok(RunnerId(id))
}

pub(super) async fn insert_registration_token(
    db: &mut PgConnection,
    token_hash: &[u8],
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into registration_tokens (token_hash, expires_at)
         values ($1, $2)",
        token_hash,
        expires_at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// True once per token.
pub(super) async fn use_registration_token(
    db: &mut PgConnection,
    token_hash: &[u8],
) -> sqlx::Result<bool> {
    let used = sqlx::query!(
        "update registration_tokens
         set used_at = clock_timestamp()
         where token_hash = $1 and used_at is null and expires_at > clock_timestamp()",
        token_hash,
    )
    .execute(db)
    .await?;
    Ok(used.rows_affected() == 1)
}
