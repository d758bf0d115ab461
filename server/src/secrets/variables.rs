//! Variables: configuration that jobs read as `vars`, not secret.
//!
//! Does not check names; see [`super::check_entry`].

use std::collections::BTreeMap;

use anyhow::Context;
use chrono::{DateTime, Utc};
use sqlx::{Connection as _, PgConnection};

use super::place::{Place, Reader, StoreError, Visibility};
use super::variable_queries as queries;

/// A variable to store.
#[derive(Clone, Debug)]
pub struct NewVariable {
    pub place: Place,
    pub name: String,
    pub value: String,
    pub visibility: Visibility,
}

/// A stored variable.
#[derive(Clone, Debug)]
pub struct Variable {
    pub name: String,
    pub value: String,
    pub visibility: Visibility,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What to change of a variable; an absent field stays.
#[derive(Clone, Debug, Default)]
pub struct VariableChange {
    pub name: Option<String>,
    pub value: Option<String>,
    pub visibility: Option<Visibility>,
}

/// The variables that a run of this repository sees: those of the owner, overlaid with its own.
/// Those of an environment come with the job. Names in upper case.
pub async fn variables_for_run(
    db: &mut PgConnection,
    reader: Reader<'_>,
) -> anyhow::Result<BTreeMap<String, String>> {
    queries::visible(db, reader)
        .await
        .with_context(|| format!("reading the variables of repository {}", reader.repository))
}

/// The variables of a place, by name.
pub async fn list_variables(db: &mut PgConnection, place: &Place) -> sqlx::Result<Vec<Variable>> {
    queries::list(db, place).await
}

/// The variables of the owner that a repository sees.
pub async fn owners_variables(
    db: &mut PgConnection,
    reader: Reader<'_>,
) -> sqlx::Result<Vec<Variable>> {
    let mut variables = queries::list(db, &Place::Owner(reader.owner.to_owned())).await?;
    variables.retain(|variable| variable.visibility.includes(reader.repository));
    Ok(variables)
}

/// The variable called `name`, ignoring case.
pub async fn find_variable(
    db: &mut PgConnection,
    place: &Place,
    name: &str,
) -> sqlx::Result<Option<Variable>> {
    let variables = queries::list(db, place).await?;
    Ok(variables.into_iter().find(|variable| variable.name.eq_ignore_ascii_case(name)))
}

/// Stores a new variable; an existing one violates `variables_name_key`.
pub async fn create_variable(
    db: &mut PgConnection,
    variable: &NewVariable,
) -> Result<(), StoreError> {
    let mut transaction = db.begin().await?;
    queries::insert(&mut transaction, variable).await?;
    let limit = variable.place.max_variables();
    if queries::count(&mut transaction, &variable.place).await? > limit {
        return Err(StoreError::TooMany(limit));
    }
    transaction.commit().await?;
    Ok(())
}

/// Whether there is such a variable.
pub async fn update_variable(
    db: &mut PgConnection,
    (place, name): (&Place, &str),
    change: &VariableChange,
) -> sqlx::Result<bool> {
    queries::update(db, (place, name), change).await
}

/// Whether there was one.
pub async fn delete_variable(
    db: &mut PgConnection,
    place: &Place,
    name: &str,
) -> sqlx::Result<bool> {
    queries::delete(db, place, name).await
}
