//! SQL on `variables`.
//!
//! Names are stored in upper case; owners and environments compare ignoring case.

use std::collections::BTreeMap;

use sqlx::PgConnection;

use super::place::{Place, Reader, Visibility};
use super::variables::{NewVariable, Variable, VariableChange};

/// Those of the owner, overlaid with the repository's own.
pub(super) async fn visible(
    db: &mut PgConnection,
    reader: Reader<'_>,
) -> sqlx::Result<BTreeMap<String, String>> {
    let rows = sqlx::query!(
        "select upper(name) as \"name!\", value
         from variables
         where (repository_id = $1 and environment = '')
            or (owner = lower($2)
                and (visibility <> 'selected' or $1 = any(selected_repository_ids)))
         order by owner = ''",
        reader.repository.0,
        reader.owner
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.name, row.value)).collect())
}

pub(super) async fn list(db: &mut PgConnection, place: &Place) -> sqlx::Result<Vec<Variable>> {
    let columns = place.columns();
    let rows = sqlx::query!(
        "select upper(name) as \"name!\", value, visibility, selected_repository_ids, created_at,
             updated_at
         from variables
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
        .map(|row| Variable {
            name: row.name,
            value: row.value,
            visibility: Visibility::from_columns(&row.visibility, row.selected_repository_ids),
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
        .collect())
}

pub(super) async fn insert(db: &mut PgConnection, variable: &NewVariable) -> sqlx::Result<()> {
    let columns = variable.place.columns();
    sqlx::query!(
        "insert into variables (repository_id, owner, environment, name, value, visibility,
             selected_repository_ids)
         values ($1, $2, $3, $4, $5, $6, $7)",
        columns.repository_id,
        columns.owner,
        columns.environment,
        variable.name,
        variable.value,
        variable.visibility.as_str(),
        &variable.visibility.selected_ids()
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn count(db: &mut PgConnection, place: &Place) -> sqlx::Result<i64> {
    let columns = place.columns();
    sqlx::query_scalar!(
        "select count(*) as \"count!\"
         from variables
         where coalesce(repository_id, 0) = $1 and owner = $2 and lower(environment) = lower($3)",
        columns.repository_id.unwrap_or_default(),
        columns.owner,
        columns.environment
    )
    .fetch_one(db)
    .await
}

pub(super) async fn update(
    db: &mut PgConnection,
    (place, name): (&Place, &str),
    change: &VariableChange,
) -> sqlx::Result<bool> {
    let columns = place.columns();
    let selected = change.visibility.as_ref().map(Visibility::selected_ids);
    let done = sqlx::query!(
        "update variables
         set name = coalesce($5, name),
             value = coalesce($6, value),
             visibility = coalesce($7, visibility),
             selected_repository_ids = coalesce($8, selected_repository_ids),
             updated_at = now()
         where coalesce(repository_id, 0) = $1 and owner = $2 and lower(environment) = lower($3)
           and upper(name) = upper($4)",
        columns.repository_id.unwrap_or_default(),
        columns.owner,
        columns.environment,
        name,
        change.name,
        change.value,
        change.visibility.as_ref().map(Visibility::as_str),
        selected.as_deref()
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

pub(super) async fn delete(db: &mut PgConnection, place: &Place, name: &str) -> sqlx::Result<bool> {
    let columns = place.columns();
    let done = sqlx::query!(
        "delete from variables
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
