//! SQL on `secrets`.
//!
//! Sees ciphertexts only. Names are stored in upper case; owners and environments compare ignoring
//! case.

use sqlx::PgConnection;

use super::cipher::Sealed;
use super::place::{Columns, Place, Reader, Visibility};
use super::values::{PutSecret, SecretView};

/// A stored secret.
pub(super) struct SealedSecret {
    pub(super) id: i64,
    pub(super) columns: Columns,
    pub(super) name: String,
    pub(super) key_id: Option<i64>,
    pub(super) sealed: Sealed,
}

struct Row {
    id: i64,
    repository_id: Option<i64>,
    owner: String,
    environment: String,
    name: String,
    key_id: Option<i64>,
    nonce: Vec<u8>,
    ciphertext: Vec<u8>,
}

impl From<Row> for SealedSecret {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            columns: Columns {
                repository_id: row.repository_id,
                owner: row.owner,
                environment: row.environment,
            },
            name: row.name,
            key_id: row.key_id,
            sealed: Sealed { nonce: row.nonce, ciphertext: row.ciphertext },
        }
    }
}

/// What a job may see; of one name the last one counts.
pub(super) async fn visible(
    db: &mut PgConnection,
    reader: Reader<'_>,
    environment: &str,
) -> sqlx::Result<Vec<SealedSecret>> {
    let rows = sqlx::query_as!(
        Row,
        "select id, repository_id, owner, environment, upper(name) as \"name!\", key_id, nonce,
             ciphertext
         from secrets
         where (repository_id = $1 and lower(environment) in ('', lower($2)))
            or (owner = lower($3)
                and (visibility <> 'selected' or $1 = any(selected_repository_ids)))
         order by owner = '', environment <> '', id",
        reader.repository.0,
        environment,
        reader.owner
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(SealedSecret::from).collect())
}

/// Every secret of the server.
pub(super) async fn all(db: &mut PgConnection) -> sqlx::Result<Vec<SealedSecret>> {
    let rows = sqlx::query_as!(
        Row,
        "select id, repository_id, owner, environment, upper(name) as \"name!\", key_id, nonce,
             ciphertext
         from secrets
         order by id
         for update"
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(SealedSecret::from).collect())
}

/// Gives a secret the same value under another key.
pub(super) async fn replace(
    db: &mut PgConnection,
    id: i64,
    (key_id, sealed): (i64, &Sealed),
) -> sqlx::Result<()> {
    sqlx::query!(
        "update secrets
         set key_id = $2, nonce = $3, ciphertext = $4
         where id = $1",
        id,
        key_id,
        sealed.nonce,
        sealed.ciphertext
    )
    .execute(db)
    .await?;
    Ok(())
}

/// At most one write per secret and minute.
pub(super) async fn note_use(db: &mut PgConnection, ids: &[i64]) -> sqlx::Result<()> {
    sqlx::query!(
        "update secrets
         set last_used_at = now()
         where id = any($1)
           and (last_used_at is null or last_used_at < now() - interval '1 minute')",
        ids
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whether a new row was made.
pub(super) async fn upsert(
    db: &mut PgConnection,
    secret: &PutSecret,
    (key_id, sealed): (i64, &Sealed),
) -> sqlx::Result<bool> {
    let columns = secret.place.columns();
    sqlx::query_scalar!(
        "insert into secrets (repository_id, owner, environment, name, visibility,
             selected_repository_ids, key_id, nonce, ciphertext)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (coalesce(repository_id, 0), owner, lower(environment), upper(name)) do update
         set visibility = excluded.visibility,
             selected_repository_ids = excluded.selected_repository_ids,
             key_id = excluded.key_id,
             nonce = excluded.nonce,
             ciphertext = excluded.ciphertext,
             updated_at = now()
         returning (xmax = 0) as \"created!\"",
        columns.repository_id,
        columns.owner,
        columns.environment,
        secret.name,
        secret.visibility.as_str(),
        &secret.visibility.selected_ids(),
        key_id,
        sealed.nonce,
        sealed.ciphertext
    )
    .fetch_one(db)
    .await
}

pub(super) async fn count(db: &mut PgConnection, place: &Place) -> sqlx::Result<i64> {
    let columns = place.columns();
    sqlx::query_scalar!(
        "select count(*) as \"count!\"
         from secrets
         where coalesce(repository_id, 0) = $1 and owner = $2 and lower(environment) = lower($3)",
        columns.repository_id.unwrap_or_default(),
        columns.owner,
        columns.environment
    )
    .fetch_one(db)
    .await
}

pub(super) async fn list(db: &mut PgConnection, place: &Place) -> sqlx::Result<Vec<SecretView>> {
    let columns = place.columns();
    let rows = sqlx::query!(
        "select upper(name) as \"name!\", visibility, selected_repository_ids, created_at,
             updated_at, last_used_at
         from secrets
         where coalesce(repository_id, 0) = $1 and owner = $2 and lower(environment) = lower($3)
         order by 1",
        columns.repository_id.unwrap_or_default(),
        columns.owner,
        columns.environment
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| SecretView {
            name: row.name,
            visibility: Visibility::from_columns(&row.visibility, row.selected_repository_ids),
            created_at: row.created_at,
            updated_at: row.updated_at,
            last_used_at: row.last_used_at,
        })
        .collect())
}

/// Whether there is such a secret.
pub(super) async fn set_visibility(
    db: &mut PgConnection,
    (place, name): (&Place, &str),
    visibility: &Visibility,
) -> sqlx::Result<bool> {
    let columns = place.columns();
    let done = sqlx::query!(
        "update secrets
         set visibility = $3, selected_repository_ids = $4, updated_at = now()
         where owner = $1 and owner <> '' and upper(name) = upper($2)",
        columns.owner,
        name,
        visibility.as_str(),
        &visibility.selected_ids()
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

pub(super) async fn delete(db: &mut PgConnection, place: &Place, name: &str) -> sqlx::Result<bool> {
    let columns = place.columns();
    let done = sqlx::query!(
        "delete from secrets
         where coalesce(repository_id, 0) = $1 and owner = $2 and lower(environment) = lower($3)
           and upper(name) = upper($4)",
        columns.repository_id.unwrap_or_default(),
        columns.owner,
        columns.environment,
        name
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}
