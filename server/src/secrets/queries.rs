//! SQL on `secrets` and `variables`.
//!
//! Sees ciphertexts only. Names are stored in upper case; environments compare ignoring case.

use chrono::{DateTime, Utc};
use gantry_protocol::RepositoryId;
use sqlx::PgConnection;

use super::variables::{PutVariable, Variable};
use super::vault::{Sealed, SecretScope};

/// A stored secret.
pub(super) struct SealedSecret {
    pub(super) environment: String,
    pub(super) name: String,
    pub(super) sealed: Sealed,
}

/// The repository's own secrets first, so that those of the environment overlay them.
pub(super) async fn sealed_secrets(
    db: &mut PgConnection,
    repository: RepositoryId,
    environment: &str,
) -> sqlx::Result<Vec<SealedSecret>> {
    let rows = sqlx::query!(
        "select environment, upper(name) as \"name!\", nonce, ciphertext
         from secrets
         where repository_id = $1 and lower(environment) in ('', lower($2))
         order by environment <> '', id",
        repository.0,
        environment
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| SealedSecret {
            environment: row.environment,
            name: row.name,
            sealed: Sealed { nonce: row.nonce, ciphertext: row.ciphertext },
        })
        .collect())
}

/// Whether a new row was made.
pub(super) async fn upsert_secret(
    db: &mut PgConnection,
    scope: SecretScope<'_>,
    sealed: &Sealed,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        "insert into secrets (repository_id, environment, name, nonce, ciphertext)
         values ($1, $2, $3, $4, $5)
         on conflict (repository_id, lower(environment), upper(name)) do update
         set nonce = excluded.nonce,
             ciphertext = excluded.ciphertext,
             updated_at = now()
         returning (xmax = 0) as \"created!\"",
        scope.repository.0,
        scope.environment.unwrap_or_default(),
        scope.name,
        sealed.nonce,
        sealed.ciphertext
    )
    .fetch_one(db)
    .await
}

pub(super) async fn secret_names(
    db: &mut PgConnection,
    repository: RepositoryId,
    environment: &str,
) -> sqlx::Result<Vec<(String, DateTime<Utc>, DateTime<Utc>)>> {
    let rows = sqlx::query!(
        "select upper(name) as \"name!\", created_at, updated_at
         from secrets
         where repository_id = $1 and lower(environment) = lower($2)
         order by 1",
        repository.0,
        environment
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.name, row.created_at, row.updated_at)).collect())
}

pub(super) async fn delete_secret(
    db: &mut PgConnection,
    scope: SecretScope<'_>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "delete from secrets
         where repository_id = $1 and lower(environment) = lower($2) and upper(name) = upper($3)",
        scope.repository.0,
        scope.environment.unwrap_or_default(),
        scope.name
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

pub(super) async fn list_variables(
    db: &mut PgConnection,
    repository: RepositoryId,
    environment: &str,
) -> sqlx::Result<Vec<Variable>> {
    sqlx::query_as!(
        Variable,
        "select upper(name) as \"name!\", value, created_at, updated_at
         from variables
         where repository_id = $1 and lower(environment) = lower($2)
         order by 1",
        repository.0,
        environment
    )
    .fetch_all(db)
    .await
}

pub(super) async fn find_variable(
    db: &mut PgConnection,
    repository: RepositoryId,
    name: &str,
) -> sqlx::Result<Option<Variable>> {
    sqlx::query_as!(
        Variable,
        "select upper(name) as \"name!\", value, created_at, updated_at
         from variables
         where repository_id = $1 and environment = '' and upper(name) = upper($2)",
        repository.0,
        name
    )
    .fetch_optional(db)
    .await
}

pub(super) async fn insert_variable(
    db: &mut PgConnection,
    variable: &PutVariable,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into variables (repository_id, environment, name, value)
         values ($1, $2, $3, $4)",
        variable.repository.0,
        variable.environment.as_deref().unwrap_or_default(),
        variable.name,
        variable.value
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whether a new row was made.
pub(super) async fn upsert_variable(
    db: &mut PgConnection,
    variable: &PutVariable,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        "insert into variables (repository_id, environment, name, value)
         values ($1, $2, $3, $4)
         on conflict (repository_id, lower(environment), upper(name)) do update
         set value = excluded.value, updated_at = now()
         returning (xmax = 0) as \"created!\"",
        variable.repository.0,
        variable.environment.as_deref().unwrap_or_default(),
        variable.name,
        variable.value
    )
    .fetch_one(db)
    .await
}

pub(super) async fn delete_variable(
    db: &mut PgConnection,
    repository: RepositoryId,
    name: &str,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "delete from variables
         where repository_id = $1 and environment = '' and upper(name) = upper($2)",
        repository.0,
        name
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}
