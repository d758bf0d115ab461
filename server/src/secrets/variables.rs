//! Variables: configuration that jobs read as `vars`, not secret.
//!
//! Does not check names; see [`super::check_entry`].

use std::collections::BTreeMap;

use anyhow::Context;
use chrono::{DateTime, Utc};
use gantry_protocol::RepositoryId;
use sqlx::PgConnection;

use super::queries;
use super::values::Stored;

/// A variable to store.
#[derive(Clone, Debug)]
pub struct PutVariable {
    pub repository: RepositoryId,
    /// Absent for the repository's own.
    pub environment: Option<String>,
    pub name: String,
    pub value: String,
}

/// A stored variable.
#[derive(Clone, Debug)]
pub struct Variable {
    pub name: String,
    pub value: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// The variables of a repository (without environment ones). Names in upper case.
pub async fn variables(
    db: &mut PgConnection,
    repository: RepositoryId,
) -> anyhow::Result<BTreeMap<String, String>> {
    let rows = queries::list_variables(db, repository, "")
        .await
        .with_context(|| format!("reading the variables of repository {repository}"))?;
    Ok(rows.into_iter().map(|variable| (variable.name, variable.value)).collect())
}

/// The variables of a repository or of one of its environments, by name.
pub async fn list_variables(
    db: &mut PgConnection,
    repository: RepositoryId,
    environment: Option<&str>,
) -> sqlx::Result<Vec<Variable>> {
    queries::list_variables(db, repository, environment.unwrap_or_default()).await
}

/// The variable called `name`, ignoring case.
pub async fn find_variable(
    db: &mut PgConnection,
    repository: RepositoryId,
    name: &str,
) -> sqlx::Result<Option<Variable>> {
    queries::find_variable(db, repository, name).await
}

/// Stores a new variable; an existing one violates `variables_name_key`.
pub async fn create_variable(db: &mut PgConnection, variable: &PutVariable) -> sqlx::Result<()> {
    queries::insert_variable(db, variable).await
}

/// Stores a variable, replacing the one of the same name.
pub async fn put_variable(db: &mut PgConnection, variable: &PutVariable) -> sqlx::Result<Stored> {
    let created = queries::upsert_variable(db, variable).await?;
    Ok(if created { Stored::Created } else { Stored::Updated })
}

/// Whether there was one.
pub async fn delete_variable(
    db: &mut PgConnection,
    repository: RepositoryId,
    name: &str,
) -> sqlx::Result<bool> {
    queries::delete_variable(db, repository, name).await
}
