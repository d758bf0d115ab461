//! Secrets: stored encrypted, read only for a job.
//!
//! Does not decide when a job is entitled to an environment's secrets; the caller names the
//! environment only after its rules are met.

use std::collections::BTreeMap;

use anyhow::Context;
use chrono::{DateTime, Utc};
use gantry_protocol::RepositoryId;
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgConnection;

use super::queries;
use super::vault::{SecretScope, Vault};

/// A secret to store; replaces the one of the same name.
#[derive(Clone, Debug)]
pub struct PutSecret {
    pub repository: RepositoryId,
    /// Absent for the repository's own.
    pub environment: Option<String>,
    /// As accepted by [`super::check_entry`].
    pub name: String,
    pub value: SecretString,
}

/// Whether storing made a new row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    Created,
    Updated,
}

/// The decrypted secrets of a repository, overlaid with those of `environment`. Names in upper case.
pub async fn values_for_job(
    db: &mut PgConnection,
    vault: &Vault,
    repository: RepositoryId,
    environment: Option<&str>,
) -> anyhow::Result<BTreeMap<String, String>> {
    let rows = queries::sealed_secrets(db, repository, environment.unwrap_or_default())
        .await
        .with_context(|| format!("reading the secrets of repository {repository}"))?;
    let mut values = BTreeMap::new();
    for row in rows {
        let scope = SecretScope {
            repository,
            environment: Some(row.environment.as_str()).filter(|name| !name.is_empty()),
            name: &row.name,
        };
        let plaintext = vault.unseal(scope, &row.sealed)?;
        let value = String::from_utf8(plaintext)
            .map_err(|_| anyhow::anyhow!("secret `{}` is not UTF-8", row.name))?;
        values.insert(row.name, value);
    }
    Ok(values)
}

/// Encrypts and stores a secret.
pub async fn put_secret(
    db: &mut PgConnection,
    vault: &Vault,
    secret: &PutSecret,
) -> anyhow::Result<Stored> {
    let environment = secret.environment.as_deref();
    let scope = SecretScope { repository: secret.repository, environment, name: &secret.name };
    let sealed = vault.seal(scope, secret.value.expose_secret().as_bytes())?;
    let created = queries::upsert_secret(db, scope, &sealed)
        .await
        .with_context(|| format!("storing secret `{}`", secret.name))?;
    Ok(if created { Stored::Created } else { Stored::Updated })
}

/// Names and dates of the secrets of a repository or of one of its environments.
pub async fn secret_names(
    db: &mut PgConnection,
    repository: RepositoryId,
    environment: Option<&str>,
) -> sqlx::Result<Vec<(String, DateTime<Utc>, DateTime<Utc>)>> {
    queries::secret_names(db, repository, environment.unwrap_or_default()).await
}

/// Whether there was one.
pub async fn delete_secret(db: &mut PgConnection, scope: SecretScope<'_>) -> sqlx::Result<bool> {
    queries::delete_secret(db, scope).await
}
